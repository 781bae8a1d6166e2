"""Reads dumps of articles of any format as a stream: files, folders, globs, standard input.

Records come in order, and a bad one never stops the stream: what cannot be read is a `Raw` that holds a RecordError.
Parsing the content of a record, the costly part, is left to whoever asks for it: `Raw.article`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from beritaclass.article import Article
from beritaclass.errors import MissingExtraError, RecordError
from beritaclass.io.fields import Fields
from beritaclass.io.formats import PARSERS, READERS, parse_line, read_parquet
from beritaclass.io.records import Content, Records, as_text
from beritaclass.io.sources import (
    BLOCK,
    FORMATS,
    UNREADABLE,
    Source,
    as_utf8,
    find_sources,
    format_of,
    read_blocks,
    why,
)
from beritaclass.io.table import split_header


class Raw(NamedTuple):
    """A record as it came.

    Parameters
    ----------
    content : bytes, dict or RecordError
        A line of JSON, a page or an item of XML, as `format` says; or its fields; or why it could not be read.
    position : int or None
        Line, row or item in its file, counted from 1; None for a file that is one article.
    source : str
        Path of the file, '-' for standard input.
    name : str
        The path below the folder or the glob that was asked for; ids made for records without one start with it.
    format : str
    """

    content: Content
    position: int | None = None
    source: str = ""
    name: str = ""
    format: str = ""

    def record(self) -> dict[str, Any]:
        """Return the fields of the record.

        Raises
        ------
        RecordError
            If it could not be read, or is no record.
        """
        if isinstance(self.content, RecordError):
            raise self.content
        try:
            if isinstance(self.content, dict):
                return self.content
            return PARSERS[self.format](self.content)
        except RecordError as error:
            raise self.rejected(error.reason) from None
        except MissingExtraError:
            raise
        except Exception as error:  # a page can bring down the library that parses it
            raise self.rejected(f"it cannot be parsed: {type(error).__name__}: {error}") from error

    def article(self, fields: Fields, record: dict[str, Any] | None = None) -> Article:
        """Return the article; `record` saves parsing it again.

        Raises
        ------
        RecordError
            If it could not be read, or holds no article.
        """
        record = self.record() if record is None else record
        place = "" if self.position is None else f":{self.position}"
        try:
            return fields.article(record, f"{self.name}{place}" if self.name else "")
        except RecordError as error:
            raise self.rejected(error.reason) from None

    def rejected(self, reason: str) -> RecordError:
        """Return the error that says where the record is and what it was."""
        if isinstance(self.content, RecordError):
            return self.content
        return RecordError(reason, source=self.source, position=self.position, record=as_text(self.content))


def read_articles(
    inputs: str | Path | Iterable[str | Path],
    *,
    fields: Fields = Fields(),  # noqa: B008 - frozen
    on_reject: Callable[[RecordError], object] | None = None,
) -> Iterator[Article]:
    """Read articles from dumps, one after the other.

    Parameters
    ----------
    inputs : str, Path, or iterable of them
        Files, folders (read with all that is below them), globs, '-' for standard input. JSONL, JSON, CSV and TSV,
        WordPress exports and RSS (.xml), .txt and .html (one article each), all plain, gzip or zstd; Parquet.
    fields : Fields
        What the fields are called, where the usual names do not find them.
    on_reject : callable, optional
        Is handed the RecordError of each record that cannot be read; without it the first one is raised.

    Yields
    ------
    Article
        In the order of the inputs.

    Raises
    ------
    InputError
        If a file is not there, or a pattern finds none.
    RecordError
        At the first record that cannot be read, without `on_reject`.
    """
    for raw in read_raw(find_sources(inputs), fields):
        try:
            article = raw.article(fields)
        except RecordError as error:
            if on_reject is None:
                raise
            on_reject(error)
        else:
            yield article


def read_raw(sources: Iterable[Source], fields: Fields = Fields()) -> Iterator[Raw]:  # noqa: B008 - frozen
    """Read the records of files without parsing those that can be parsed elsewhere."""
    for source in sources:
        position: int | None = 0
        try:
            kind, stream = _open(source, fields)
            for position, content in stream:
                if isinstance(content, RecordError):
                    content = RecordError(  # noqa: PLW2901 - the readers do not know where they read
                        content.reason, source=source.path, position=position, record=content.record
                    )
                yield Raw(content, position, source.path, source.name, kind)
        except UNREADABLE as error:
            after = f"the file cannot be read on after {position}" if position else "the file cannot be read"
            rest = error.record if isinstance(error, RecordError) else ""
            rejected = RecordError(f"{after}: {why(error)}", source=source.path, record=rest)
            yield Raw(rejected, None, source.path, source.name)
        source.done = source.size


def _open(source: Source, fields: Fields) -> tuple[str, Records]:
    """Return the format of a file, by its name or else by how it begins, and its records."""
    kind = format_of(source.name)
    if kind == "parquet":
        return kind, read_parquet(source)
    head, blocks = _peek(read_blocks(source))
    if found := _OTHERS.match(head):
        raise _not_read(found.lastgroup)
    if kind != "html":  # a page says in its head how it is encoded
        blocks = as_utf8(blocks, source.path)
    if kind in ("", "json"):
        head, blocks = _peek(blocks)
        kind = _sniff(head, kind or "text", fields)
    return kind, READERS[kind](blocks, source, fields)


def _peek(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return how a file begins, and all of its blocks; an error waits until what came before it was read."""
    head, failed = b"", None
    try:
        while len(head) < BLOCK and (block := next(blocks, b"")):
            head += block
    except UNREADABLE as error:
        failed = error

    def again() -> Iterator[bytes]:
        if head:
            yield head
        if failed:
            raise failed
        yield from blocks

    return head, again()


_BEGINNINGS = (
    ("json", re.compile(rb"\[\s*(?:[\[{\]]|$)")),
    ("wxr", re.compile(rb"<\?xml|<rss", re.IGNORECASE)),
    ("html", re.compile(rb"<!doctype html|<html", re.IGNORECASE)),
)


_OTHERS = re.compile(
    rb"(?P<Parquet>PAR1\x15)|(?P<zip>PK(?:\x03\x04|\x05\x06))|(?P<bzip2>BZh\d1AY&SY)|(?P<xz>\xfd7zXZ\0)|(?P<PDF>%PDF-)|"
    rb"(?P<gzip>\x1f\x8b)|(?P<zstd>\x28\xb5\x2f\xfd)"
)
"""How files begin that are not read under the name they have; what was gzip or zstd is unpacked by then."""


def _not_read(what: str | None) -> RecordError:
    if what == "Parquet":
        return RecordError(
            "it is Parquet; expected that in a file, unpacked, whose name ends in .parquet: rename or unpack it first"
        )
    return RecordError(
        f"it is {what or 'no text'}; expected {', '.join(FORMATS)}, plain, .gz or .zst: unpack or convert it first"
    )


def _sniff(head: bytes, otherwise: str, fields: Fields) -> str:
    """Return the format of a file by how it begins."""
    start = head.lstrip()
    line, newline, _ = start.partition(b"\n")
    if not start and otherwise == "text":
        return "jsonl"  # of which there may be none; a text is an article, if an empty one
    if otherwise == "text" and b"\0" in head:
        raise _not_read(None)
    if start.startswith(b"{"):
        with suppress(RecordError):
            parse_line(line)
            return "jsonl"
        return "json"
    for kind, beginning in _BEGINNINGS:
        if beginning.match(start):
            return kind
    if otherwise == "text" and newline:
        names, _ = split_header(line.decode("utf-8", "replace"), fields)
        return "csv" if any(map(fields.knows, names)) else "text"
    return otherwise
