"""Where finished parts go: a folder, so that a run that was cut off can go on where it had come, or standard output."""

from __future__ import annotations

import json
import logging
import shutil
import sys
import zlib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import orjson

from beritaclass.errors import BatchError
from beritaclass.io.writers import whole

_LOG = logging.getLogger(__name__)

Key = Mapping[str, list[Any]]


def default_rejects(target: Path) -> Path:
    """Return where the rejects of an output go, if nothing else is asked for."""
    return target.parent / f"{target.name}.rejects.jsonl"


class Journal:
    """A folder of four files: what is run, the rows so far, the rejects so far, and a line for each finished part.

    A line is written after the rows it speaks of and holds their checksum, so that whatever was cut off, by a kill or
    by a loss of power, is found and done again.

    Parameters
    ----------
    folder : Path
    key : mapping of str to list
        What the rows depend on: input, model, options. A run is only gone on with if it is the same.
    resume : bool
        Whether to go on with what the folder holds.

    Attributes
    ----------
    parts : list of dict
        The lines of the finished parts.

    Raises
    ------
    BatchError
        If the folder holds another run, or finished parts that `resume` does not ask for.
    """

    def __init__(self, folder: Path, key: Key, resume: bool) -> None:
        self.folder = folder
        self.rows = folder / "rows.jsonl"
        self.rejects = folder / "rejects.jsonl"
        self._index = folder / "parts.jsonl"
        self.parts: list[dict[str, Any]] = []
        self._ends = [0, 0, 0]
        key = json.loads(json.dumps(key))
        described = folder / "run.json"
        if self._index.exists() and self._index.stat().st_size:
            if not resume:
                raise BatchError(
                    f"{folder} holds the finished parts of a run that was cut off: go on with it by --resume "
                    "(resume=True), or remove the folder to begin again"
                )
            _check_same(folder, json.loads(described.read_bytes()), key)
            self._read_parts()
        folder.mkdir(exist_ok=True)
        if not self.parts:
            described.write_text(json.dumps(key, indent=1), encoding="utf-8")
        self._files = [path.open("ab") for path in (self.rows, self.rejects, self._index)]
        for stream, end in zip(self._files, self._ends, strict=True):
            stream.truncate(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._files:
            with suppress(OSError):  # what the disk has no room for was said when it was written
                stream.close()

    def add(self, part: Mapping[str, Any], rows: bytes, rejects: bytes) -> None:
        """Keep a finished part."""
        for stream, content in zip(self._files, (rows, rejects), strict=False):
            stream.write(content)
            stream.flush()
        ends = [stream.tell() for stream in self._files[:2]]
        line = {**part, "ends": ends, "checksum": zlib.crc32(rejects, zlib.crc32(rows))}
        self._files[2].write(json.dumps(line).encode() + b"\n")
        self._files[2].flush()

    def publish_rejects(self, target: Path, asked: str | Path | None) -> str:
        """Write the file of rejects, and return where; one that was not asked for by name only if there are some."""
        path = Path(asked) if asked else default_rejects(target)
        if not asked and not self.rejects.stat().st_size:
            path.unlink(missing_ok=True)
            return ""
        with whole(path) as stream, self.rejects.open("rb") as rejects:
            shutil.copyfileobj(rejects, stream)
        return str(path)

    def remove(self) -> None:
        """Remove the folder: the output is whole."""
        self.__exit__()
        shutil.rmtree(self.folder)

    def _read_parts(self) -> None:
        """Take over the parts that are whole, up to the first that is not."""
        with self.rows.open("rb") as rows, self.rejects.open("rb") as rejects:
            for line in self._index.read_bytes().splitlines(keepends=True):
                try:
                    part = json.loads(line)
                    content = [f.read(end - f.tell()) for f, end in zip((rows, rejects), part["ends"], strict=True)]
                    whole = line.endswith(b"\n") and part["checksum"] == zlib.crc32(content[1], zlib.crc32(content[0]))
                except (ValueError, KeyError, TypeError):
                    whole = False
                if not whole:
                    break
                self.parts.append(part)
                self._ends = [*part["ends"], self._ends[2] + len(line)]


class Stream:
    """Rows to standard output as they come; rejects to a file, if one is named."""

    def __init__(self, rejects: str | Path | None) -> None:
        self.parts: list[dict[str, Any]] = []
        self._rejects = Path(rejects).open("wb") if rejects else None  # noqa: SIM115 - closed in __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._rejects:
            self._rejects.close()

    def add(self, _: object, rows: bytes, rejects: bytes) -> None:
        """Write the rows of a part."""
        sys.stdout.buffer.write(rows)
        sys.stdout.buffer.flush()
        if self._rejects:
            self._rejects.write(rejects)
        else:
            for line in rejects.splitlines():
                reject = orjson.loads(line)
                place = ":".join(str(reject[name]) for name in ("source", "position") if reject[name])
                _LOG.warning("rejected: %s: %s", place, reject["reason"])

    def publish_rejects(self, _: Path, asked: str | Path | None) -> str:
        """Return where the rejects are."""
        return str(asked or "")


def _check_same(folder: Path, before: Key, now: Key) -> None:
    for what, values in now.items():
        then = before.get(what, [])
        if then != values:
            if what == "input":
                differs, again = _input_differs(then, values), "the same files in the same order"
            else:
                old, new = [v for v in then if v not in values], [v for v in values if v not in then]
                differs, again = f"its {what} was {_listed(old)}, now it is {_listed(new)}", "the same again"
            raise BatchError(
                f"cannot go on with the run in {folder}: {differs}; give {again}, or remove the folder to begin anew"
            )


def _input_differs(then: list[list[str]], now: list[list[str]]) -> str:
    """Say which inputs, each a path and the state of the file, are new, missing, changed or in another place."""
    was, given = dict(then), dict(now)
    before, paths = [path for path, _ in then], [path for path, _ in now]
    found = {
        "new": list((Counter(paths) - Counter(before)).elements()),
        "missing": list((Counter(before) - Counter(paths)).elements()),
        "changed": [path for path in was if given.get(path, was[path]) != was[path]],
    }
    said = [f"{what}: {_listed(files)}" for what, files in found.items() if files]
    if sorted(before) == sorted(paths):
        said += [f"moved: {a} is given where {b} was" for a, b in zip(paths, before, strict=True) if a != b][:1]
    return f"the input is not the same ({'; '.join(said)})"


def _listed(values: list[Any]) -> str:
    return ", ".join(map(str, values[:3])) + (" …" if len(values) > 3 else "") or "without that"
