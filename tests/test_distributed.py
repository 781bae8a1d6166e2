"""Dask and Spark give the tags that the single machine gives, also when a worker is killed in the middle."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import beritaclass as bc
from beritaclass.errors import InputError
from test_batch import TOPICS, articles, lines, model, write

__all__ = ["model"]
pytestmark = pytest.mark.slow
N = 400


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return articles(N)


@pytest.fixture(scope="module")
def expected(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], model: Path
) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("single")
    bc.tag_dump(write(folder / "d.jsonl", records), folder / "o.jsonl", model=model, scores=True, keep=["rubrik"])
    return lines(folder / "o.jsonl")


def as_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as the output of a single machine has them; no row may be rejected."""
    assert frame["reject"].isna().all()
    return [
        {"id": str(id_), "tags": [dict(tag) for tag in tags], "scores": dict(scores), "rubrik": int(rubrik)}
        for id_, tags, scores, rubrik in zip(frame["id"], frame["tags"], frame["scores"], frame["rubrik"], strict=True)
    ]


# --------------------------------------------------------------------------------------------------------------- Dask


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="needs the extra [dask]")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_dask_frame_with_a_worker_killed_in_the_middle(
    client: Any, records: list[dict[str, Any]], expected: list[dict[str, Any]], model: Path
) -> None:
    import dask.dataframe as dd
    from distributed import as_completed

    from beritaclass.distributed import dask

    frame = dd.from_pandas(pd.DataFrame(records), npartitions=40)
    tagged = dask.tag(frame, model=model, scores=True, keep=["rubrik"])
    pids = client.run(os.getpid)
    assert len(set(pids.values())) == 2
    futures = client.compute(tagged.to_delayed())
    for done, _ in enumerate(as_completed(futures), start=1):
        if done == 3:
            os.kill(min(pids.values()), signal.SIGKILL)
            break
    assert sum(future.done() for future in futures) < len(futures)
    result = pd.concat(client.gather(futures))
    assert as_rows(result) == expected
    client.wait_for_workers(2, timeout=60)
    assert min(pids.values()) not in client.run(os.getpid).values()


def test_dask_from_parquet_to_parquet(
    client: Any, tmp_path: Path, records: list[dict[str, Any]], expected: list[dict[str, Any]], model: Path
) -> None:
    import dask.dataframe as dd

    from beritaclass.distributed import dask

    pq.write_table(pa.Table.from_pylist(records), tmp_path / "in.parquet", row_group_size=50)
    frame = dd.read_parquet(tmp_path / "in.parquet", split_row_groups=1)
    assert frame.npartitions == N // 50
    tagged = dask.tag(frame, model=model, scores=True, keep=["rubrik"])
    tagged.to_parquet(tmp_path / "out", write_index=False)
    table = pq.read_table(tmp_path / "out")
    assert {field.name: str(field.type) for field in table.schema} == {
        "id": "string",
        "tags": "list<element: struct<topic: string, probability: double>>",
        "scores": f"struct<{', '.join(f'{topic}: double' for topic in sorted(TOPICS))}>",
        "rubrik": "int64",
        "reject": "string",
    }
    assert (
        sorted(as_rows(pd.read_parquet(tmp_path / "out", dtype_backend="pyarrow")), key=lambda row: row["id"])
        == expected
    )


def test_dask_keeps_the_index_and_says_what_it_gives(client: Any, model: Path) -> None:
    import dask.dataframe as dd

    from beritaclass.distributed import dask

    frame = pd.DataFrame(
        {"judul": [None, "Liga"], "isi": ["harga beras di pasar naik", "pemain mencetak gol"], "n": [1, 2]},
        index=[7, 9],
    )
    tagged = dask.tag(dd.from_pandas(frame, npartitions=2), model=model, keep=["n"])
    result = tagged.compute()
    assert result.index.tolist() == [7, 9]
    assert result.dtypes.to_dict() == tagged.dtypes.to_dict()
    assert [tags[0]["topic"] for tags in result["tags"]] == ["ekonomi", "olahraga"]


def test_dask_bag(client: Any, records: list[dict[str, Any]], expected: list[dict[str, Any]], model: Path) -> None:
    from dask.bag import from_sequence

    from beritaclass.distributed import dask

    rows = dask.tag(from_sequence(records, npartitions=5), model=model, scores=True, keep=["rubrik"]).compute()
    assert [{key: row[key] for key in expected[0]} for row in rows] == expected


def test_rows_that_cannot_be_tagged_are_rows_with_a_reason(client: Any, model: Path) -> None:
    from dask.bag import from_sequence

    from beritaclass.distributed import dask

    records = [
        {"id": 1, "isi": "harga beras naik", "n": 1},
        {"id": 2, "nama": "x", "n": 2},
        {"id": 3, "isi": 5, "n": 3},
    ]
    good, *bad = dask.tag(from_sequence(records, npartitions=1), model=model, keep=["n"]).compute()
    assert good["reject"] is None
    assert [(row["id"], row["n"], row["tags"]) for row in bad] == [("2", 2, None), ("3", 3, None)]
    assert "no field for the text" in bad[0]["reject"]
    assert "expected text, got int 5" in bad[1]["reject"]


def test_dask_takes_nothing_else(model: Path) -> None:
    pytest.importorskip("dask", reason="needs the extra [dask]")
    from dask.bag import from_sequence

    from beritaclass.distributed import dask

    with pytest.raises(InputError, match="expected a Dask DataFrame or bag, got list"):
        dask.tag([{"isi": "x"}], model=model)
    with pytest.raises(InputError, match="cannot keep 'reject'"):
        dask.tag(from_sequence([{"isi": "x"}], npartitions=1), model=model, keep=["reject"])


# -------------------------------------------------------------------------------------------------------------- Spark


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="needs the extra [spark]")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java 17 or newer: make java")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
        yield session
        session.stop()


def test_spark_from_parquet_to_parquet(
    spark: Any, tmp_path: Path, records: list[dict[str, Any]], expected: list[dict[str, Any]], model: Path
) -> None:
    from beritaclass.distributed import spark as carrier

    pq.write_table(pa.Table.from_pylist(records), tmp_path / "in.parquet")
    frame = spark.read.parquet(str(tmp_path / "in.parquet")).repartition(4)
    tagged = carrier.tag(frame, model=model, scores=True, keep=["rubrik"])
    assert tagged.schema["tags"].dataType.simpleString() == "array<struct<topic:string,probability:double>>"
    assert tagged.schema["rubrik"].dataType.simpleString() == "bigint"
    tagged.write.parquet(str(tmp_path / "out"))
    rows = as_rows(pd.read_parquet(tmp_path / "out"))
    assert sorted(rows, key=lambda row: row["id"]) == expected


def test_spark_rows_that_cannot_be_tagged_have_a_reason(spark: Any, model: Path) -> None:
    from beritaclass.distributed import spark as carrier

    frame = spark.createDataFrame([("1", 5), ("2", 6)], "id string, isi int")
    rows = carrier.tag(frame, model=model, keep=["isi"]).collect()
    assert [(row["id"], row["tags"], row["isi"]) for row in rows] == [("1", None, 5), ("2", None, 6)]
    assert "expected text, got int 5" in rows[0]["reject"]
