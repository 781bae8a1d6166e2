"""Divides the records of a dump into parts, after drawing a sample of them if asked for."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from beritaclass.io.readers import Raw
from beritaclass.io.records import as_json

PART_RECORDS = 512
PART_BYTES = 1 << 20
"""A part holds so many records, or fewer if they are long."""


class Part(NamedTuple):
    """Records that are tagged together, and the checksum of their content."""

    records: list[Raw]
    checksum: int


def choose(records: Iterable[Raw], limit: int | None, sample: int | None, seed: int) -> Iterator[Raw]:
    """Stop after `limit` records; draw `sample` of them, in their order (reservoir sampling, Vitter 1985)."""
    records = islice(records, limit)
    if sample is None:
        yield from records
        return
    draw = random.Random(seed)  # noqa: S311 - a sample, no secret
    drawn: list[tuple[int, Raw]] = []
    for n, raw in enumerate(records):
        if n < sample:
            drawn.append((n, raw))
        elif (place := draw.randrange(n + 1)) < sample:
            drawn[place] = (n, raw)
    yield from (raw for _, raw in sorted(drawn, key=lambda item: item[0]))


def divide(records: Iterable[Raw]) -> Iterator[Part]:
    """Divide records into parts, always the same for the same records."""
    part, size, checksum = list[Raw](), 0, 0
    for raw in records:
        content = raw.content if isinstance(raw.content, bytes) else as_json(raw.content)
        checksum = zlib.crc32(content, checksum)
        size += len(content)
        part.append(raw)
        if len(part) >= PART_RECORDS or size >= PART_BYTES:
            yield Part(part, checksum)
            part, size, checksum = [], 0, 0
    if part:
        yield Part(part, checksum)
