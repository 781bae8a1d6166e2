"""The errors that beritaclass raises, as a tree; each message says what was found, where, and what to do.

BeritaclassError
├── InputError (ValueError)            what the caller handed over
│   ├── RecordError                    one record of a dump: where it is and why it cannot be used
│   ├── TaxonomyError                  a taxonomy file that contradicts itself
│   └── UnknownTopicError              a topic that the model or the taxonomy does not have
├── BundleError                        a model folder
│   ├── BundleFormatError              not a bundle, or of a format this version does not read
│   └── BundleIntegrityError           a file of it is missing, extra or changed
├── BatchError                         a run over a dump that cannot start or go on
├── MissingExtraError (ImportError)    a feature whose optional package is not installed
└── ConflictError (ImportError)        a package is installed that breaks one which beritaclass needs
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import ModuleType


class BeritaclassError(Exception):
    """Whatever beritaclass raises on purpose."""


class InputError(BeritaclassError, ValueError):
    """The caller handed over something that cannot be used."""


class RecordError(InputError):
    """One record of a dump cannot be read or tagged.

    Parameters
    ----------
    reason : str
        What was found and what was expected.
    source : str
        File that the record came from, '-' for standard input.
    position : int or None
        Line or row in it, counted from 1.
    record : str
        The record as it was, as far as it could be read.
    """

    def __init__(self, reason: str, *, source: str = "", position: int | None = None, record: str = "") -> None:
        self.reason = reason
        self.source = source
        self.position = position
        self.record = record
        where = f"{source}:{position}" if position is not None else source
        super().__init__(f"{where}: {reason}" if where else reason)

    def __reduce__(self) -> tuple[object, ...]:
        # An exception with keyword arguments does not travel between processes by itself.
        return (_record_error, (self.reason, self.source, self.position, self.record))


def _record_error(reason: str, source: str, position: int | None, record: str) -> RecordError:
    return RecordError(reason, source=source, position=position, record=record)


class TaxonomyError(InputError):
    """A taxonomy contradicts itself or cannot be read."""


class UnknownTopicError(InputError):
    """A topic was named that is not there."""

    @classmethod
    def of(cls, topic: object, known: Iterable[str]) -> UnknownTopicError:
        """Build the error for `topic`, with the nearest of the `known` topics as a hint."""
        names = sorted(known)
        near = get_close_matches(str(topic), names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(names)}"
        return cls(f"no topic {topic!r}{hint}")


class BundleError(BeritaclassError):
    """A model folder cannot be used."""


class BundleFormatError(BundleError):
    """The folder is no bundle, or of a format that this version does not read."""


class BundleIntegrityError(BundleError):
    """A file of the bundle is missing, extra or not the one that was saved."""


class BatchError(BeritaclassError):
    """A run over a dump cannot start or go on."""


class MissingExtraError(BeritaclassError, ImportError):
    """A feature needs an optional package that is not installed."""


class ConflictError(BeritaclassError, ImportError):
    """A package is installed that breaks one which beritaclass needs."""


def import_extra(module: str, *, extra: str, feature: str) -> ModuleType:
    """Import an optional package, or say which extra brings it.

    Raises
    ------
    MissingExtraError
        If the package is not installed; the message holds the pip line.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"{feature} needs the package {package!r}, which is not installed: pip install 'beritaclass[{extra}]'",
            name=package,
        ) from error


@contextmanager
def naming(asked: Path, temporary: Path) -> Iterator[None]:
    """Let an OSError name what was asked for, not what is written in its place until it is whole."""
    try:
        yield
    except OSError as error:
        if str(error.filename).startswith(str(temporary)):
            error.filename, error.filename2 = str(asked), None
        raise
