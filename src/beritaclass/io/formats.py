"""Cuts the bytes of a file into records, one reader a format; none stops at a bad record.

A reader takes the UTF-8 of a file in blocks and yields (position, content): fields, or bytes that `PARSERS` can parse
later and elsewhere, or a RecordError that holds the record. Where the bytes end in an error, it raises one that holds
what is left of them.
"""

from __future__ import annotations

import codecs
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import orjson

from beritaclass.errors import RecordError, import_extra
from beritaclass.io import records
from beritaclass.io.fields import Fields
from beritaclass.io.markup import parse_item, parse_page
from beritaclass.io.records import Records, as_text, numbered_lines, too_long
from beritaclass.io.sources import BLOCK, UNREADABLE, Source, why
from beritaclass.io.table import read_table

_LOG = logging.getLogger(__name__)


def parse_line(line: bytes) -> dict[str, Any]:
    """Return the object of a line of JSON.

    Raises
    ------
    RecordError
        If it is no JSON, or no object.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        try:  # knows NaN and halves of surrogate pairs, which Python's own writer writes
            value = json.loads(line.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            raise RecordError(f"no JSON: {error}") from None
    return _object(value)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RecordError(f"expected an object of fields, got {type(value).__name__} {value!r:.60}")
    return value


PARSERS: dict[str, Callable[[bytes], dict[str, Any]]] = {"jsonl": parse_line, "html": parse_page, "wxr": parse_item}


def _read_json_lines(blocks: Iterator[bytes], _source: Source, _fields: Fields) -> Records:
    return ((number, line) for number, line in numbered_lines(blocks) if isinstance(line, RecordError) or line.strip())


def _more(blocks: Iterator[bytes], have: int) -> bytes:
    """Read at least as much as is there already, so that reading a long record again and again costs little."""
    parts, size = [], 0
    while size < max(have, 1) and (block := next(blocks, None)) is not None:
        parts.append(block)
        size += len(block)
    return b"".join(parts)


_BETWEEN_VALUES = re.compile(r"[\s,\[\]\x1e]*")
_NEXT_VALUE = re.compile(r"\}(?:\s*\])?(?:\s*,)?\s*(?=\{)")


def _read_json_values(blocks: Iterator[bytes], _source: Source, _fields: Fields) -> Records:
    """Read the objects of an array, or objects one after the other, however they are laid out."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    scan = json.JSONDecoder(strict=False).raw_decode
    text, at, number, ended = "", 0, 0, False
    try:
        while True:
            at = _BETWEEN_VALUES.match(text, at).end()  # type: ignore[union-attr] # it matches the empty string too
            wrong, end = "", at
            if at < len(text):
                number += 1
                try:
                    value, end = scan(text, at)
                except json.JSONDecodeError as error:
                    wrong, end = f"no JSON: {error.msg}", error.pos
                    half = end > len(text) - 16 or error.msg.startswith("Unterminated string")
                except RecursionError:
                    wrong, end, half = "no JSON: nested too deep", at + 1, False
                if wrong:
                    following = _NEXT_VALUE.search(text, max(end, at + 1))
                    half = (half or not following) and len(text) - at < records.LONGEST_RECORD
                    end = following.end() if following else len(text)
            if not ended and (at == len(text) or (wrong and half)):
                number -= at < len(text)
                new = _more(blocks, len(text) - at)
                ended = not new
                text, at = text[at:] + decoder.decode(new, ended), 0
            elif at == len(text):
                return
            else:
                yield number, _value(value) if not wrong else RecordError(wrong, record=text[at:end])
                at = end
    except UNREADABLE as error:
        raise RecordError(why(error), record=text[at:]) from None


def _value(value: Any) -> dict[str, Any] | RecordError:
    try:
        return _object(value)
    except RecordError as error:
        return RecordError(error.reason, record=as_text(value))


def read_parquet(source: Source) -> Records:
    """Read Parquet, a batch of rows at a time."""
    pq = import_extra("pyarrow.parquet", extra="parquet", feature="reading .parquet files")
    import pyarrow as pa

    pool = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())  # the default one holds on to 60 MB that a stream never needs again
    with ExitStack() as stack:
        stack.callback(pa.set_memory_pool, pool)
        try:
            file = stack.enter_context(pq.ParquetFile(source.path, buffer_size=BLOCK, pre_buffer=False))
        except pa.ArrowException as error:
            raise RecordError(f"no Parquet: {error}") from None
        row, end = 0, 0
        for group in range(file.num_row_groups):
            end += file.metadata.row_group(group).num_rows
            try:
                for batch in file.iter_batches(batch_size=512, row_groups=[group], use_threads=False):
                    names = batch.schema.names
                    for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        row += 1
                        yield row, dict(zip(names, values, strict=True))
            except (pa.ArrowException, OSError, ValueError) as error:
                yield row + 1, RecordError(f"rows {row + 1} to {end} cannot be read: {error}")
            row = end
            source.done = source.size * (group + 1) // file.num_row_groups


_ITEM_START = re.compile(rb"<item[\s>]")
_ITEM_END = re.compile(rb"(<!\[CDATA\[)|(\]\]>)|</item\s*>")
_AFTER_ITEM = re.compile(rb"\s*(?:<item[\s>]|</channel)")
_KIND = re.compile(
    rb"<!\[CDATA\[.*?\]\]>|<wp:(?P<what>post_type|status)>\s*(?:<!\[CDATA\[)?\s*(?P<said>[\w-]+)", re.DOTALL
)
"""What an item is; the first alternative skips what its text may quote."""
_POST_TYPES = (b"post", b"berita", b"news", b"artikel", b"article")


def _read_items(blocks: Iterator[bytes], source: Source, _fields: Fields) -> Records:
    """Cut the items out of a WordPress export or a feed; the head of the file and its entities are never parsed."""
    buffer, number, left_out = b"", 0, dict[str, int]()
    try:
        while more := _more(blocks, len(buffer)):
            buffer += more
            at = 0
            while found := _ITEM_START.search(buffer, at):
                at = found.start()
                end = _end_of_item(buffer, at)
                if not end and len(buffer) - at <= records.LONGEST_RECORD:
                    break
                number += 1
                if not end:
                    yield number, too_long(buffer[at : at + BLOCK])
                    at += 1
                    continue
                item = buffer[at:end]
                at = end
                said = {found["what"]: found["said"] for found in _KIND.finditer(item)}
                kind, status = said.get(b"post_type"), said.get(b"status")
                if kind and kind not in _POST_TYPES:
                    left_out[kind.decode()] = left_out.get(kind.decode(), 0) + 1
                elif status and status != b"publish":
                    left_out[status.decode()] = left_out.get(status.decode(), 0) + 1
                else:
                    yield number, item
            else:
                at = max(at, len(buffer) - len(b"<item>"))
            buffer = buffer[at:]
    except UNREADABLE as error:
        raise RecordError(why(error), record=as_text(buffer)) from None
    if left_out:
        _LOG.info("%s: left out %s", source.path, ", ".join(f"{n} {kind}" for kind, n in sorted(left_out.items())))
    if _ITEM_START.search(buffer):
        yield number + 1, RecordError("the file ends in the middle of an item", record=as_text(buffer))
    elif not number:
        raise RecordError("no <item> in it; expected an export of WordPress or a feed", record=as_text(buffer))


def _end_of_item(buffer: bytes, start: int) -> int:
    """Return where an item ends, 0 if not in this buffer; an end that is quoted in its text does not count."""
    quoted = False
    for found in _ITEM_END.finditer(buffer, start):
        if found[1] or found[2]:
            quoted = bool(found[1])
        elif not quoted or _AFTER_ITEM.match(buffer, found.end()):
            return found.end()
    return 0


def _read_text(blocks: Iterator[bytes], _source: Source, _fields: Fields) -> Records:
    yield None, {"text": b"".join(blocks).decode("utf-8", "replace")}


def _read_page(blocks: Iterator[bytes], _source: Source, _fields: Fields) -> Records:
    yield None, b"".join(blocks)


READERS: dict[str, Callable[[Iterator[bytes], Source, Fields], Records]] = {
    "jsonl": _read_json_lines,
    "json": _read_json_values,
    "csv": read_table,
    "wxr": _read_items,
    "text": _read_text,
    "html": _read_page,
}
