"""Finds the fields of a record by their usual names, in Indonesian and English, and makes an article of it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from beritaclass.article import Article
from beritaclass.errors import RecordError
from beritaclass.io.markup import html_to_text

_LOG = logging.getLogger(__name__)

USUAL_NAMES = {
    "text": (
        *("text", "isi", "content", "konten", "body", "artikel", "teks", "isi_berita", "isi_artikel", "article"),
        *("content_text", "article_text", "full_text", "fulltext", "articlebody", "berita"),
    ),
    "title": ("title", "judul", "headline", "judul_berita", "judul_artikel", "post_title"),
    "id": ("id", "_id", "article_id", "id_artikel", "id_berita", "news_id", "doc_id", "post_id", "guid", "uuid"),
    "date": (
        *("date", "tanggal", "published", "tanggal_terbit", "published_at", "publish_date", "date_published", "tgl"),
        *("published_date", "datepublished", "pubdate", "waktu", "timestamp", "datetime", "post_date", "created_at"),
    ),
    "source": ("source", "sumber", "publisher", "media", "portal", "outlet", "situs", "site", "website", "domain"),
    "url": ("url", "link", "tautan", "permalink", "href", "article_url", "source_url"),
}
"""What dumps call each field; of several that are there the first counts. Case, spaces and hyphens do not matter."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields of a dump are called, where the usual names do not find them.

    Parameters
    ----------
    text, title, id, date, source, url : str or None, default None
        Name of the field that holds it; None to look for the usual names.

    Examples
    --------
    >>> Fields(text="paragraf").article({"paragraf": "Harga cabai naik.", "judul": "Pasar"}).title
    'Pasar'
    """

    text: str | None = None
    title: str | None = None
    id: str | None = None
    date: str | None = None
    source: str | None = None
    url: str | None = None

    def article(self, record: Mapping[str, Any], made_id: str = "") -> Article:
        """Make an article of a record; one without an id gets `made_id`.

        Raises
        ------
        RecordError
            If no field holds the text, or a field holds what cannot be text.
        """
        found = find_fields(self, tuple(record))
        if "text" not in found:
            missing = f"no field {self.text!r} for the text" if self.text else "no field for the text"
            raise RecordError(
                f"{missing}; there are {', '.join(map(repr, record)) or 'none at all'}; "
                "name it with --text-field, in Python Fields(text=...)"
            )
        values: dict[str, Any] = {}
        for name, key in found.items():
            value: Any = record[key]
            if not isinstance(value, str):
                if hasattr(value, "tolist"):  # numpy's arrays and numbers
                    value = value.tolist()
                try:
                    value = _prose(value) if name in ("text", "title") else _plain(value)
                except TypeError as error:
                    raise RecordError(f"field {key!r}: {error}") from None
            values[name] = value
        if not values.get("id"):
            values["id"] = made_id
        used = set(found.values())
        rest = {key: value for key, value in record.items() if key not in used}
        for name in ("topics", "unsure"):
            if name in rest and (slugs := _slugs(rest[name])) is not None:
                values[name] = slugs
                del rest[name]
        return Article(**values, fields=rest)

    def identity(self, record: Mapping[str, Any]) -> str | None:
        """Return the id of a record that may hold no article."""
        key = find_fields(self, tuple(record)).get("id")
        return None if key is None or isinstance(record[key], list | dict) else _plain(record[key]) or None

    def knows(self, name: str) -> bool:
        """Whether a field of this name would hold the text."""
        return "text" in find_fields(self, (name,))


@lru_cache(maxsize=1024)
def find_fields(fields: Fields, keys: tuple[str, ...]) -> dict[str, str]:
    """Return which key of a record holds each field, of those that are there."""
    by_name: dict[str, str] = {}
    for key in keys:
        by_name.setdefault(_folded(key), key)
    found = {}
    for name, wanted in asdict(fields).items():
        names = USUAL_NAMES[name] if wanted is None else (wanted,)
        if wanted in keys:
            found[name] = wanted
        elif known := next((by_name[n] for n in map(_folded, names) if n in by_name), None):
            found[name] = known
        elif wanted is not None and name != "text":
            _LOG.warning("no field %r for the %s in a record with the fields %s", wanted, name, ", ".join(keys))
    return found


def _folded(key: str) -> str:
    return re.sub(r"[\s-]+", "_", key.strip().lower())


def _prose(value: Any) -> str:
    """Return the text of a value: of a list of paragraphs too, and of WordPress' {"rendered": "<p>…"}."""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    if isinstance(value, dict) and isinstance(value.get("rendered"), str):
        return html_to_text(value["rendered"])
    if isinstance(value, str | bytes) or _is_missing(value):
        return _plain(value)
    raise TypeError(f"expected text, got {type(value).__name__} {value!r:.60}")


def _plain(value: Any) -> str:
    """Return a value as a string, as a person would write it."""
    if isinstance(value, dict) and list(value) in (["$oid"], ["$date"], ["rendered"]):  # MongoDB's and WordPress' ways
        value = next(iter(value.values()))
    if _is_missing(value):
        return ""
    if isinstance(value, list | dict):
        raise TypeError(f"expected one value, got {type(value).__name__} {value!r:.60}")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of whole numbers with a gap in it becomes one of floats
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _is_missing(value: Any) -> bool:
    """Whether it is None, NaN or pandas' NaT or NA: the second and third are not themselves, the last is neither."""
    try:
        return value is None or (not isinstance(value, list | dict) and bool(value != value))  # noqa: PLR0124
    except TypeError:
        return True


def _slugs(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        value = [slug for slug in re.split(r"[\s,;|]+", value) if slug]
    if isinstance(value, list | tuple) and all(isinstance(slug, str) for slug in value):
        return tuple(value)
    return None
