"""Writes tagged articles by suffix - JSONL, CSV, TSV, Parquet; a file appears under its name only when it is whole."""

from __future__ import annotations

import csv
import gzip
import io
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from beritaclass.errors import InputError, import_extra, naming

_KINDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet"}
_BYTES_A_GROUP = 1 << 22
"""Rows that are in memory at a time, and a group of rows in Parquet."""


def check_output(output: Path, topics: Iterable[str], keep: Sequence[str], scores: bool, wide: bool) -> None:
    """Find out what is wrong with an output before any work is done for it.

    Raises
    ------
    InputError
        If the suffix tells no format, the folder is not there, or two columns would have the same name.
    MissingExtraError
        If a package that writes this format is not installed.
    """
    check_place(output)
    kind, packing = _kind(output)
    if wide and kind == "jsonl":
        raise InputError(f"a column a topic (wide) is for CSV and Parquet, not for {output.name}")
    if kind == "parquet":
        import_extra("pyarrow.parquet", extra="parquet", feature="writing Parquet")
    if packing == ".zst":
        import_extra("zstandard", extra="zstd", feature="writing .zst files")
    own = {"id", "tags", "scores", *(["probabilities"] if kind == "csv" else []), *(topics if wide else [])}
    if not scores or wide:
        own.discard("scores")
    check_keep(keep, own)


def check_place(output: Path) -> None:
    """Raise InputError if no file can be written there."""
    if output.is_dir():
        raise InputError(f"{output} is a folder; name a file in it, such as {output / 'tags.jsonl'}")
    folder = output.absolute().parent
    if not folder.is_dir():
        raise InputError(f"cannot write {output}: there is no folder {folder}; make it, or write elsewhere")
    if not os.access(folder, os.W_OK):
        raise InputError(f"cannot write {output}: nothing may be written into the folder {folder}; write elsewhere")


def check_keep(keep: Sequence[str], own: Iterable[str] = ("id", "tags", "scores")) -> None:
    """Raise InputError if a field to keep would take the place of one that the output has by itself."""
    if taken := [name for name in keep if name in own]:
        raise InputError(f"cannot keep {taken[0]!r}: the output has a field of this name already; rename it first")


def write_rows(
    rows: Path,
    output: Path,
    *,
    topics: Sequence[str],
    keep: Sequence[str] = (),
    scores: bool = False,
    wide: bool = False,
) -> None:
    """Write rows {"id", "tags", "scores"?, kept fields} in the format that the suffix of `output` tells.

    Parameters
    ----------
    rows : Path
        A file of JSON lines; it is streamed, twice where the types of kept columns must be found out.
    output : Path
        JSONL, CSV or TSV, these also as .gz or .zst; or Parquet.
    topics : sequence of str
        All topics of the model, for `scores` and `wide`.
    keep : sequence of str
        The kept fields that the rows have.
    scores : bool
        Whether rows have "scores".
    wide : bool
        Whether to add a column a topic: its probability where the article has the topic, and with `scores` everywhere.
    """
    kind, packing = _kind(output)
    with whole(output) as stream, _packed(stream, packing) as packed, rows.open("rb") as lines:
        if kind == "jsonl":
            shutil.copyfileobj(lines, packed, 1 << 20)
        elif kind == "csv":
            delimiter = "\t" if ".tsv" in output.suffixes else ","
            _write_csv(lines, packed, topics, keep, scores, wide, delimiter)
        else:
            _write_parquet(rows, packed, topics, keep, scores, wide)


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name when the block ends well, on the disk by then, and else not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with naming(path, temporary):
            with temporary.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # the name is on the disk only when its folder is
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _kind(output: Path) -> tuple[str, str]:
    """Return format and packing, such as ('jsonl', '.gz')."""
    packing = output.suffix.lower() if output.suffix.lower() in (".gz", ".zst") else ""
    kind = _KINDS.get((output.with_suffix("") if packing else output).suffix.lower(), "")
    if not kind or (kind == "parquet" and packing):
        raise InputError(
            f"cannot tell a format from the name {output.name!r}; expected {', '.join(_KINDS)} (.gz, .zst)"
        )
    return kind, packing


@contextmanager
def _packed(stream: IO[bytes], packing: str) -> Iterator[IO[bytes]]:
    if packing == ".gz":
        with gzip.GzipFile(
            filename="", mode="wb", fileobj=stream, mtime=0
        ) as packed:  # neither name nor time: same bytes
            yield packed  # type: ignore[misc] # it writes bytes, which is all that is asked of it
    elif packing == ".zst":
        zstandard = import_extra("zstandard", extra="zstd", feature="writing .zst files")
        with zstandard.ZstdCompressor().stream_writer(stream, closefd=False) as packed:
            yield packed
    else:
        yield stream


def _write_csv(
    lines: Iterable[bytes],
    stream: IO[bytes],
    topics: Sequence[str],
    keep: Sequence[str],
    scores: bool,
    wide: bool,
    delimiter: str,
) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    per_topic = list(topics) if wide else []
    writer.writerow(["id", "tags", "probabilities", *(["scores"] if scores and not wide else []), *keep, *per_topic])
    for row in map(orjson.loads, lines):
        said = {tag["topic"]: tag["probability"] for tag in row["tags"]}
        cells = [row["id"], ";".join(said), ";".join(map(str, said.values()))]
        if scores and not wide:
            cells.append(orjson.dumps(row["scores"]).decode())
        cells += [_cell(row[name]) for name in keep]
        known = row["scores"] if scores else said
        writer.writerow(cells + [known.get(topic, "") for topic in per_topic])
    text.detach()


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, list | dict | bool) else value


def _write_parquet(
    rows: Path, stream: IO[bytes], topics: Sequence[str], keep: Sequence[str], scores: bool, wide: bool
) -> None:
    import pyarrow as pa
    import pyarrow.json as arrow_json
    import pyarrow.parquet as pq

    tag = pa.struct([("topic", pa.string()), ("probability", pa.float64())])
    columns = [("id", pa.string()), ("tags", pa.list_(tag))]
    if scores and not wide:
        columns.append(("scores", pa.struct([(topic, pa.float64()) for topic in topics])))
    kept = _column_types(rows, keep)
    columns += kept.items()
    columns += [(topic, pa.float64()) for topic in topics if wide]
    schema = pa.schema(columns)
    as_json_text = [name for name, kind in kept.items() if kind == pa.string()]

    def arranged(line: bytes) -> bytes:
        row = orjson.loads(line)
        for name in as_json_text:
            if not isinstance(row[name], str | None):
                row[name] = orjson.dumps(row[name]).decode()
        if wide:
            row.update(row["scores"] if scores else {t["topic"]: t["probability"] for t in row["tags"]})
        return orjson.dumps(row) + b"\n"

    # Arrow parses JSON by itself, ten times as fast; columns made of Python's objects would also import pandas, 50 MB.
    pool = pa.system_memory_pool()
    parse = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer, rows.open("rb") as lines:
        while group := lines.readlines(_BYTES_A_GROUP):
            content = b"".join(map(arranged, group) if wide or as_json_text else group)
            read = arrow_json.ReadOptions(use_threads=False, block_size=len(content) + 1)
            writer.write_table(arrow_json.read_json(pa.BufferReader(content), read, parse, pool))


def _column_types(rows: Path, keep: Sequence[str]) -> dict[str, Any]:
    """Return the type that holds all values of each kept column; a string, JSON if need be, holds any."""
    import pyarrow as pa

    found: dict[str, set[type]] = {name: set() for name in keep}
    if keep:
        with rows.open("rb") as lines:
            for row in map(orjson.loads, lines):
                for name in keep:
                    found[name].add(type(row[name]))
                    if isinstance(row[name], int) and not -(2**63) <= row[name] < 2**63:
                        found[name].add(str)
    types = {frozenset([bool]): pa.bool_(), frozenset([int]): pa.int64(), frozenset([float]): pa.float64()}
    types[frozenset([int, float])] = pa.float64()
    return {name: types.get(frozenset(kinds - {type(None)}), pa.string()) for name, kinds in found.items()}
