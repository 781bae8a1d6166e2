"""Reads CSV; a row with a wrong number of columns is an error, and one with an open quote swallows no other."""

from __future__ import annotations

import csv
import re
from collections import Counter
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
    blocks = chain([head], blocks)
    if b"\r" in head and b"\n" not in head:  # lines as the first Macs ended them
        blocks = (block.replace(b"\r", b"\n") for block in blocks)
    lines = _Lines(numbered_lines(blocks))
    header, dialect = split_header(lines.header(), fields)
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


def split_header(line: str, fields: Fields) -> tuple[list[str], dict[str, Any]]:
    """Return names and dialect of a header: those that show the field of the text, or the most names.

    Besides the usual delimiters any sign may be one, if it shows the field of the text.
    """
    quote = "'" if line.lstrip().startswith("'") else '"'
    usual = ",;\t|"
    found: list[tuple[tuple[bool, int], tuple[list[str], dict[str, Any]]]] = []
    for delimiter in dict.fromkeys(usual + re.sub(r"[\w \"'.-]", "", line[:1000])):
        dialect: dict[str, Any] = {
            "delimiter": delimiter,
            "quotechar": quote,
            "skipinitialspace": f"{delimiter} {quote}" in line,
        }
        with suppress(csv.Error):
            names = [name.strip() for name in next(csv.reader([line], **dialect), [])]
            shows_text = any(map(fields.knows, names))
            if shows_text or delimiter in usual:
                found.append(((shows_text, len(names)), (names, dialect)))
    names, dialect = max(found, key=lambda item: item[0])[1] if found else ([], {})
    met = Counter[str]()
    for i, name in enumerate(names):  # of columns of the same name the first keeps it, as in pandas
        names[i] = f"{name}.{met[name]}" if met[name] else name
        met[name] += 1
    return names, dialect


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
        """Return the first line that is neither empty nor Excel's word for the delimiter."""
        said = (line.strip("\r\n") for line in self)
        return next((line for line in said if line.strip() and not re.fullmatch("(?i)sep=.", line)), "")
