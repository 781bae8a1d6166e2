"""Reads CSV; a row with a wrong number of columns is an error, and one with an open quote swallows no other."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from beritaclass.errors import RecordError
from beritaclass.io import records
from beritaclass.io.fields import Fields
from beritaclass.io.records import Records, numbered_lines
from beritaclass.io.sources import Source

Line = tuple[int, str]


def read_table(blocks: Iterator[bytes], _source: Source, fields: Fields) -> Records:
    """Read the rows that follow a header."""
    csv.field_size_limit(records.LONGEST_RECORD)
    head = next(blocks, b"")
    lines = _Lines(numbered_lines(chain([head], blocks)))
    header, delimiter, quote = split_header(lines.header(), fields)
    dialect: dict[str, Any] = {"delimiter": delimiter, "quotechar": quote}
    if b'\\"' in head and b'""' not in head:
        dialect |= {"doublequote": False, "escapechar": "\\"}

    def columns(taken: list[Line], *, strict: bool) -> list[str]:
        with suppress(csv.Error):
            return next(csv.reader((line for _, line in taken), strict=strict, **dialect), [])
        return []

    rows = csv.reader(lines, strict=True, **dialect)
    while True:
        lines.begin_row()
        row, reason = None, ""
        try:
            row = next(rows, None)
        except csv.Error as error:
            reason = str(error)
            if len(lines.taken) == 1:  # perhaps a quote within quotes that was not doubled
                row = columns(lines.taken, strict=False)
        except RecordError as error:
            if not lines.taken:
                raise
            reason = error.reason
        taken = lines.taken
        if not taken:
            return
        if row and len(row) == len(header):
            yield taken[0][0], dict(zip(header, row, strict=True))
        elif row or reason:
            good = (k for k in range(1, len(taken)) if len(columns(taken[k : k + 200], strict=True)) == len(header))
            end = next(good, len(taken))
            wrong = f"{len(row or ())} columns, but the header has {len(header)}: {', '.join(header)}"
            yield taken[0][0], RecordError(reason or wrong, record="".join(line for _, line in taken[:end]))
            lines.give_back(taken[end:])
        if reason:
            rows = csv.reader(lines, strict=True, **dialect)


def split_header(line: str, fields: Fields) -> tuple[list[str], str, str]:
    """Return names, delimiter and quote of a header: those that show the field of the text, or the most names."""
    quote = "'" if line.lstrip().startswith("'") else '"'
    found = []
    for delimiter in ",;\t|":
        with suppress(csv.Error):
            names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, quotechar=quote), [])]
            found.append(((any(map(fields.knows, names)), len(names)), (names, delimiter, quote)))
    return max(found, key=lambda item: item[0], default=((), ([], ",", quote)))[1]


class _Lines:
    """Lines for csv.reader that know which of them the present row has taken, and that can be given back."""

    def __init__(self, numbered: Iterator[tuple[int, bytes | RecordError]]) -> None:
        self._numbered = numbered
        self._again: list[Line] = []
        self._size = 0
        self.taken: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._again:
            number, line = self._again.pop()
        else:
            number, content = next(self._numbered)
            if isinstance(content, RecordError):
                self.taken.append((number, content.record))
                raise content
            line = content.decode("utf-8", "replace") + "\n"
        self.taken.append((number, line))
        self._size += len(line)
        if self._size > records.LONGEST_RECORD:
            raise csv.Error("a quote is never closed")
        return line

    def begin_row(self) -> None:
        self.taken.clear()
        self._size = 0

    def give_back(self, lines: list[Line]) -> None:
        self._again += reversed(lines)

    def header(self) -> str:
        return next((line for line in self if line.strip()), "").strip("\r\n")
