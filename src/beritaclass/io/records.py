"""What the readers of all formats share: lines, records as text, and how long a record may be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import orjson

from beritaclass.errors import RecordError
from beritaclass.io.sources import BLOCK, UNREADABLE, why

LONGEST_RECORD = 1 << 27
"""Bytes of a record above which it is taken for a broken file: 128 MiB."""

Content = bytes | dict[str, Any] | RecordError
Records = Iterator[tuple[int | None, Content]]


def numbered_lines(blocks: Iterator[bytes]) -> Iterator[tuple[int, bytes | RecordError]]:
    """Yield numbered lines; one too long to be a record is an error that holds its beginning."""
    number, parts, size = 0, list[bytes](), 0
    try:
        for block in chain(blocks, [b"\n"]):
            first, *lines = block.split(b"\n")
            parts.append(first)
            size += len(first)
            for following in lines:
                number += 1
                line = b"".join(parts)
                yield number, line if size <= LONGEST_RECORD else too_long(line)
                parts, size = [following], len(following)
            if size > LONGEST_RECORD:
                parts = [b"".join(parts)[:BLOCK]]
    except UNREADABLE as error:
        raise RecordError(why(error), record=as_text(b"".join(parts))) from None


def too_long(start: bytes) -> RecordError:
    """Return the error that stands for a record which is longer than any article."""
    reason = f"longer than {LONGEST_RECORD >> 20} MiB, which no article is; only its beginning is kept"
    return RecordError(reason, record=as_text(start[:BLOCK]))


def as_json(value: Any) -> bytes:
    """Return a value as JSON, whatever is in it; half of a surrogate pair, which no UTF-8 can hold, becomes '?'."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # such halves, numbers of more than 64 bits
        return json.dumps(value, default=str, ensure_ascii=False).encode("utf-8", "replace")


def as_text(content: Any) -> str:
    """Return a record as it was, as far as text can say it."""
    return content.decode("utf-8", "backslashreplace") if isinstance(content, bytes) else as_json(content).decode()
