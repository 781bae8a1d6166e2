"""Finds the files of a dump and streams their bytes: unpacked, and brought to UTF-8."""

from __future__ import annotations

import codecs
import glob
import logging
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from beritaclass.errors import InputError, RecordError, import_extra

_LOG = logging.getLogger(__name__)
BLOCK = 1 << 16
UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, RecordError)
"""What reading the bytes of a file raises."""


def why(error: Exception) -> str:
    """Return the reason of an error, without the number that an OSError puts before it."""
    return str(
        (isinstance(error, OSError) and error.strerror) or (error.reason if isinstance(error, RecordError) else error)
    )


FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
    ".xml": "wxr",
    ".wxr": "wxr",
}
_PACKED = (".gz", ".zst")


@dataclass(slots=True)
class Source:
    """A file of a dump, and how many of its bytes have been read."""

    path: str
    name: str
    size: int = 0
    done: int = field(default=0, compare=False)

    def identity(self) -> tuple[str, str]:
        """Return its path, and what tells it from itself after a change."""
        if self.path == "-":
            return "standard input", ""
        changed = Path(self.path).stat().st_mtime_ns if Path(self.path).exists() else 0
        return self.path, f"{self.size} bytes, changed at {changed} ns"


def find_sources(inputs: str | Path | Iterable[str | Path]) -> list[Source]:
    """Return the files that the inputs name, those of a folder or a glob in the order of their names.

    Raises
    ------
    InputError
        If a file is not there, or a folder or pattern holds none that can be read.
    """
    sources = []
    for given in [inputs] if isinstance(inputs, str | Path) else inputs:
        path = Path(given)
        if str(given) == "-":
            sources.append(Source("-", "stdin"))
        elif path.is_dir():
            sources += _folder(path)
        elif path.exists():
            sources.append(_source(path, path.name))
        elif glob.has_magic(str(given)):
            root = Path(*[part for part in path.parts[:-1] if not glob.has_magic(part)])
            found = [Path(p) for p in sorted(glob.glob(str(given), recursive=True))]  # noqa: PTH207 - a string is given
            if not found:
                raise InputError(f"no file matches {str(given)!r}")
            for match in found:
                if match.is_dir():
                    sources += _folder(match)
                else:
                    sources.append(_source(match, _below(root, match)))
        else:
            raise InputError(f"no such file or folder: {str(given)!r}")
    return sources


def _source(path: Path, name: str) -> Source:
    return Source(str(path), name, path.stat().st_size if path.exists() else 0)  # a link may lead nowhere


def _folder(folder: Path) -> list[Source]:
    def fail(error: OSError) -> None:
        raise InputError(f"cannot read the folder {error.filename}: {error.strerror}")

    found = (Path(parent, name) for parent, _, names in os.walk(folder, onerror=fail) for name in names)
    files = sorted(p for p in found if p.is_file() or not p.exists())
    visible = [p for p in files if not any(part.startswith((".", "_")) for part in p.relative_to(folder).parts)]
    known = [p for p in visible if format_of(p.name)]
    if not known:
        raise InputError(f"folder {str(folder)!r} holds no file to read; expected {', '.join(FORMATS)}")
    if len(known) < len(visible):
        others = sorted({p.suffix or p.name for p in visible} - {p.suffix for p in known})
        _LOG.warning("%s: left out %d files: %s", folder, len(visible) - len(known), ", ".join(others))
    return [_source(p, _below(folder, p)) for p in known]


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def format_of(name: str) -> str:
    """Return the format that a file name tells, '' if none."""
    path = Path(name.lower())
    return FORMATS.get((path.with_suffix("") if path.suffix in _PACKED else path).suffix, "")


def read_blocks(source: Source) -> Iterator[bytes]:
    """Read the bytes of a file, unpacked where they are gzip or zstd, which their first bytes tell.

    Several packed one after the other are one stream. All that can be unpacked is yielded before an error is raised.
    """
    blocks = _packed_blocks(source)
    first = next(blocks, b"")
    blocks = chain([first], blocks)
    new: Callable[[], Any]
    if first.startswith(b"\x1f\x8b"):
        new, broken = (lambda: zlib.decompressobj(31)), zlib.error  # 31: the largest window, and the head of gzip
    elif first.startswith(b"\x28\xb5\x2f\xfd"):
        zstandard = import_extra("zstandard", extra="zstd", feature="reading .zst files")
        new, broken = zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError
    else:
        yield from filter(None, blocks)
        return
    unpacker = None
    for block in blocks:
        while block:
            unpacker = unpacker or new()
            before = unpacker.copy() if broken is zlib.error else None
            try:
                unpacked = unpacker.decompress(block)
            except broken as error:
                if before:
                    yield from _bytewise(before, block)
                raise EOFError(f"the packed data are damaged: {error}") from None
            if unpacked:
                yield unpacked
            block = unpacker.unused_data.lstrip(b"\0") if unpacker.eof else b""  # noqa: PLW2901 - what is left of it
            if unpacker.eof:
                unpacker = None
    if unpacker is not None:
        raise EOFError("the file is cut off: its packed data end in the middle")


def _packed_blocks(source: Source) -> Iterator[bytes]:
    with nullcontext(sys.stdin.buffer) if source.path == "-" else Path(source.path).open("rb") as stream:
        while block := stream.read(BLOCK):
            source.done += len(block)
            yield block


def _bytewise(unpacker: Any, block: bytes) -> Iterator[bytes]:
    with suppress(zlib.error):
        for i in range(len(block)):
            if unpacked := unpacker.decompress(block[i : i + 1]):
                yield unpacked


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Windows-1252, which holds Latin-1; its five gaps as Latin-1."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - registered for decoding only
    wrong = error.object[error.start : error.end]
    return "".join(_CP1252[byte] for byte in wrong), error.end


_CP1252 = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in range(256))
codecs.register_error("beritaclass.windows-1252", _windows_1252)


def as_utf8(blocks: Iterator[bytes], path: str) -> Iterator[bytes]:
    """Bring other encodings to UTF-8, and say so.

    UTF-16 and UTF-32 are known by their mark or their zeros. What is else no UTF-8 is read as Windows-1252, byte by
    byte, so that a dump of mixed origin stays right: detectors that guess among all code pages take Indonesian
    Latin-1 for one of central Europe.
    """
    first = next(blocks, b"")
    while len(first) < 4 and (more := next(blocks, b"")):
        first += more
    bom, encoding = next(((bom, name) for bom, name in _BOMS if first.startswith(bom)), (b"", "utf-8"))
    if not bom and len(first) > 3 and first[0] and first[2] and not (first[1] or first[3]):
        encoding = "utf-16-le"
    elif not bom and len(first) > 3 and first[1] and first[3] and not (first[0] or first[2]):
        encoding = "utf-16-be"
    blocks = chain([first[len(bom) :]], blocks)
    if encoding != "utf-8":
        _LOG.warning("%s: not UTF-8: read as %s", path, encoding.upper())
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        decoded = chain((decoder.decode(block) for block in blocks), [decoder.decode(b"", True)])
        yield from (text.encode("utf-8", "replace") for text in decoded if text)
        return
    rest, said, read = b"", False, 0
    for block in chain(blocks, [b""]):
        data = rest + block if rest else block
        final = not block
        try:
            used = codecs.utf_8_decode(data, "strict", final)[1]
            good = data[:used]
        except UnicodeDecodeError as error:
            if not said:
                _LOG.warning("%s: not UTF-8 from byte %d on: read as Windows-1252 there", path, read + error.start)
                said = True
            text, used = codecs.utf_8_decode(data, "beritaclass.windows-1252", final)
            good = text.encode()
        read += used
        rest = data[used:]
        if good:
            yield good
