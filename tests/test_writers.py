"""The writers: every format holds the same rows, and a file appears only when it is whole."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from beritaclass.io.writers import whole, write_rows

TOPICS = ("ekonomi", "hukum", "kriminal")
ROWS: list[dict[str, Any]] = [
    {
        "id": "a",
        "tags": [{"topic": "kriminal", "probability": 0.98}, {"topic": "hukum", "probability": 0.6}],
        "scores": {"ekonomi": 0.01, "hukum": 0.6, "kriminal": 0.98},
        "judul": 'Sidang "rokok", Batam',
        "dibaca": 7,
        "nilai": 1,
        "label": ["x", "y"],
        "campur": 5,
        "benar": True,
    },
    {
        "id": "b;c",
        "tags": [],
        "scores": {"ekonomi": 0.2, "hukum": 0.0, "kriminal": 0.1},
        "judul": None,
        "dibaca": None,
        "nilai": 0.5,
        "label": {"x": 1},
        "campur": "lima",
        "benar": None,
    },
]
KEEP = ("judul", "dibaca", "nilai", "label", "campur", "benar")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def unpacked(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    if path.suffix == ".zst":
        content = zstandard.ZstdDecompressor().stream_reader(content).read()
    return content.decode()


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
def test_jsonl_is_the_rows_as_they_are(tmp_path: Path, rows: Path, packing: str) -> None:
    write_rows(rows, tmp_path / f"out.jsonl{packing}", topics=TOPICS)
    assert unpacked(tmp_path / f"out.jsonl{packing}") == rows.read_text()


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ","), (".tsv", "\t")])
def test_csv(tmp_path: Path, rows: Path, suffix: str, delimiter: str, packing: str) -> None:
    output = tmp_path / f"out{suffix}{packing}"
    write_rows(rows, output, topics=TOPICS, keep=KEEP, scores=True)
    first, second = csv.DictReader(io.StringIO(unpacked(output)), delimiter=delimiter)
    assert list(first) == ["id", "tags", "probabilities", "scores", *KEEP]
    assert (first["id"], first["tags"], first["probabilities"]) == ("a", "kriminal;hukum", "0.98;0.6")
    assert json.loads(first["scores"]) == ROWS[0]["scores"]
    assert (first["judul"], first["dibaca"], json.loads(first["label"]), first["benar"]) == (
        *(ROWS[0]["judul"], "7", ["x", "y"], "true"),
    )
    assert (second["id"], second["tags"], second["probabilities"], second["judul"]) == ("b;c", "", "", "")


@pytest.mark.parametrize("scores", [False, True])
def test_a_column_a_topic(tmp_path: Path, rows: Path, scores: bool) -> None:
    for name in ("out.csv", "out.parquet"):
        write_rows(rows, tmp_path / name, topics=TOPICS, scores=scores, wide=True)
    for frame in (pd.read_csv(tmp_path / "out.csv"), pd.read_parquet(tmp_path / "out.parquet")):
        assert list(frame)[-3:] == list(TOPICS)
        assert "scores" not in frame
        assert frame["kriminal"][0] == 0.98
        assert frame["ekonomi"][0] == 0.01 if scores else math.isnan(frame["ekonomi"][0])
        assert frame["ekonomi"][1] == 0.2 if scores else math.isnan(frame["ekonomi"][1])


def test_parquet_has_tags_as_structs_and_kept_columns_of_their_type(tmp_path: Path, rows: Path) -> None:
    write_rows(rows, tmp_path / "out.parquet", topics=TOPICS, keep=KEEP, scores=True)
    table = pq.read_table(tmp_path / "out.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "id": "string",
        "tags": "list<element: struct<topic: string, probability: double>>",
        "scores": "struct<ekonomi: double, hukum: double, kriminal: double>",
        "judul": "string",
        "dibaca": "int64",
        "nilai": "double",
        "label": "string",
        "campur": "string",
        "benar": "bool",
    }
    first, second = table.to_pylist()
    assert (first["tags"], first["scores"]) == (ROWS[0]["tags"], ROWS[0]["scores"])
    assert (json.loads(first["label"]), json.loads(second["label"])) == (["x", "y"], {"x": 1})
    assert (first["campur"], second["campur"], first["nilai"], second["dibaca"]) == ("5", "lima", 1.0, None)


def test_a_dump_of_no_rows(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("")
    for name in ("out.jsonl.gz", "out.csv", "out.parquet"):
        write_rows(tmp_path / "rows.jsonl", tmp_path / name, topics=TOPICS, keep=["x"])
    assert unpacked(tmp_path / "out.jsonl.gz") == ""
    assert (tmp_path / "out.csv").read_text() == "id,tags,probabilities,x\n"
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


@pytest.mark.parametrize("name", ["out.jsonl.gz", "out.jsonl.zst", "out.csv.gz", "out.parquet"])
def test_the_same_rows_are_the_same_bytes(tmp_path: Path, rows: Path, name: str) -> None:
    contents = set()
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        write_rows(rows, tmp_path / folder / name, topics=TOPICS, keep=KEEP)
        contents.add((tmp_path / folder / name).read_bytes())
    assert len(contents) == 1


kept = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)


@given(st.lists(kept, max_size=5))
def test_a_kept_column_of_any_values_can_be_written(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.jsonl").write_text("".join(json.dumps({"id": "", "tags": [], "x": v}) + "\n" for v in values))
    write_rows(folder / "any.jsonl", folder / "any.parquet", topics=TOPICS, keep=["x"])
    written = pq.read_table(folder / "any.parquet")["x"].to_pylist()
    assert [value is None for value in written] == [value is None for value in values]
    if len({type(value) for value in values}) == 1 and not any(isinstance(v, int) and abs(v) > 2**62 for v in values):
        assert written == [v if not isinstance(v, str) else v.encode("utf-8", "replace").decode() for v in values]


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("yang lama")

    def fail_in_the_middle() -> None:
        with whole(target) as stream:
            stream.write(b"setengah")
            stream.flush()
            assert target.read_text() == "yang lama"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_in_the_middle()
    assert [p.name for p in tmp_path.iterdir()] == ["out.jsonl"]
    assert target.read_text() == "yang lama"
    with whole(target) as stream:
        stream.write(b"yang baru")
    assert target.read_text() == "yang baru"
    assert [p.name for p in tmp_path.iterdir()] == ["out.jsonl"]
