"""The topics that a model tags: their names, definitions, IPTC codes and what implies what."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from beritaclass._resources import data_path
from beritaclass.errors import TaxonomyError, UnknownTopicError


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic.

    Parameters
    ----------
    slug : str
        The stable identifier, as written in outputs.
    name, name_en : str
        What a person reads, in Indonesian and English.
    group : str
        The rubrik under which a newsroom files it.
    qcodes : tuple of str
        IPTC Media Topics QCodes nearest to it, the best match first (https://iptc.org/standards/media-topics/).
    broader : tuple of str
        Topics that every article of this one carries too (SKOS: broader).
    about, not_about : str
        What belongs, and what looks alike and does not.
    keywords, counter_keywords : tuple of str
        Words and phrases that speak for and against it, for a topic that is learned without labels.
    formerly : tuple of str
        Slugs that it had before, as they stand in old outputs.
    """

    slug: str
    name: str = ""
    name_en: str = ""
    group: str = ""
    qcodes: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()
    about: str = ""
    not_about: str = ""
    keywords: tuple[str, ...] = ()
    counter_keywords: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Topics by slug, in the order of their file.

    Parameters
    ----------
    topics : mapping of str to Topic
    version : str, default ""
        The version that the file gives itself.

    Raises
    ------
    TaxonomyError
        If a topic implies one that is not there, or implications run in a circle.
    """

    topics: Mapping[str, Topic]
    version: str = ""

    def __post_init__(self) -> None:
        for topic in self.topics.values():
            for other in topic.broader:
                if other not in self.topics:
                    raise TaxonomyError(
                        f"topic {topic.slug!r} implies {other!r}, which is not a topic of this taxonomy; "
                        f"define [{other}] or drop it from 'implies'"
                    )
        try:
            TopologicalSorter({t.slug: t.broader for t in self.topics.values()}).prepare()
        except CycleError as error:
            circle = " -> ".join(error.args[1])
            raise TaxonomyError(f"'implies' runs in a circle: {circle}; drop one of these") from None

    def __iter__(self) -> Iterator[Topic]:
        return iter(self.topics.values())

    def __len__(self) -> int:
        return len(self.topics)

    def __contains__(self, slug: object) -> bool:
        return slug in self.topics

    def __getitem__(self, slug: str) -> Topic:
        try:
            return self.topics[slug]
        except KeyError:
            raise UnknownTopicError.of(slug, self.topics) from None

    def to_toml(self) -> str:
        """Return the taxonomy as the text of its file.

        Returns
        -------
        str
            TOML that `read_taxonomy` reads back to an equal taxonomy.
        """
        lines = [f"version = {_toml_string(self.version)}"]
        for topic in self:
            lines += ["", f"[{_toml_string(topic.slug)}]"]
            lines += [f"{key} = {_toml_string(getattr(topic, key))}" for key in _TEXTS if getattr(topic, key)]
            for key, name in _LISTS.items():
                if values := [v.removeprefix("medtop:") for v in getattr(topic, name)]:
                    lines.append(f"{key} = [{', '.join(map(_toml_string, values))}]")
        return "\n".join(lines) + "\n"

    def current(self, slug: str) -> str:
        """Return what a topic of an old output is called now.

        Parameters
        ----------
        slug : str

        Returns
        -------
        str
            The slug of the topic that was formerly called so; one that was never renamed stays as it is.
        """
        return next((t.slug for t in self if slug in t.formerly and slug not in self.topics), slug)

    def closure(self, slugs: Iterable[str]) -> set[str]:
        """Return the given topics with all that they imply.

        Parameters
        ----------
        slugs : iterable of str

        Returns
        -------
        set of str
            Topics that are not of this taxonomy are in it as they are.

        Examples
        --------
        >>> sorted(news_taxonomy().closure(["sepak-bola"]))
        ['olahraga', 'sepak-bola']
        """
        found: set[str] = set()
        waiting = list(slugs)
        while waiting:
            slug = waiting.pop()
            if slug not in found:
                found.add(slug)
                if slug in self.topics:
                    waiting.extend(self.topics[slug].broader)
        return found


def _toml_string(value: str) -> str:
    """Write a basic string of TOML, which has JSON's escapes, and DEL must be escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_taxonomy(path: str | Path) -> Taxonomy:
    """Read a taxonomy file: TOML, one table a topic, as `data/topics.toml` shows.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Taxonomy

    Raises
    ------
    TaxonomyError
        If it cannot be read, is no TOML, or a topic has a key or a value that does not belong.
    """
    try:
        content = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise TaxonomyError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TaxonomyError(f"{path}: not UTF-8: {error}") from None
    return parse_taxonomy(content, str(path))


def parse_taxonomy(content: str, where: str = "taxonomy") -> Taxonomy:
    """Read a taxonomy from a string; `where` names it in errors."""
    try:
        tables = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise TaxonomyError(f"{where}: not a TOML file: {error}") from None
    version = tables.pop("version", "")
    topics = {slug: _topic(slug, table, where) for slug, table in tables.items()}
    if not topics:
        raise TaxonomyError(f"{where}: no topics; expected a table a topic, such as [bea-cukai]")
    return Taxonomy(topics, str(version))


_TEXTS = ("name", "name_en", "group", "about", "not_about")
_LISTS = {
    "iptc": "qcodes",
    "implies": "broader",
    "keywords": "keywords",
    "counter_keywords": "counter_keywords",
    "formerly": "formerly",
}


def _topic(slug: str, table: object, where: str) -> Topic:
    if not isinstance(table, dict):
        raise TaxonomyError(f"{where}: {slug!r} must be a table of its own, [{slug}], got {table!r}")
    values: dict[str, object] = {}
    for key, value in table.items():
        if key in _TEXTS and isinstance(value, str):
            values[key] = value
        elif key in _LISTS and isinstance(value, list) and all(isinstance(v, str) for v in value):
            values[_LISTS[key]] = tuple(f"medtop:{v}" if key == "iptc" else v for v in value)
        else:
            raise TaxonomyError(
                f"{where}: [{slug}] {key} = {value!r} does not belong; expected strings for {', '.join(_TEXTS)} "
                f"and lists of strings for {', '.join(_LISTS)}"
            )
    return Topic(slug=slug, **values)  # type: ignore[arg-type] # checked key by key above


@cache
def news_taxonomy() -> Taxonomy:
    """Return the 42 topics of the shipped model."""
    return read_taxonomy(data_path("topics.toml"))
