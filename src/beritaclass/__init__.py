"""Tags Indonesian news articles with topics - crime, child protection, customs and 39 more - offline, with reasons.

    import beritaclass as bc

    tagger = bc.load()
    tagger.tag("Bea Cukai Batam menggagalkan penyelundupan dua juta batang rokok ilegal.")

Every name is imported when it is first asked for, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beritaclass.article import Article as Article
    from beritaclass.batch import tag_dump as tag_dump
    from beritaclass.bundle import load as load
    from beritaclass.bundle import save as save
    from beritaclass.classifier import Tag as Tag
    from beritaclass.classifier import Tagged as Tagged
    from beritaclass.classifier import TopicClassifier as TopicClassifier
    from beritaclass.errors import BeritaclassError as BeritaclassError
    from beritaclass.evaluation import evaluate as evaluate
    from beritaclass.frames import tag_frame as tag_frame
    from beritaclass.io import read_articles as read_articles
    from beritaclass.taxonomy import Taxonomy as Taxonomy
    from beritaclass.taxonomy import read_taxonomy as read_taxonomy
    from beritaclass.vectorizer import TopicVectorizer as TopicVectorizer

_HOMES = {
    "Article": "article",
    "BeritaclassError": "errors",
    "Tag": "classifier",
    "Tagged": "classifier",
    "Taxonomy": "taxonomy",
    "TopicClassifier": "classifier",
    "TopicVectorizer": "vectorizer",
    "evaluate": "evaluation",
    "load": "bundle",
    "read_articles": "io",
    "read_taxonomy": "taxonomy",
    "save": "bundle",
    "tag_dump": "batch",
    "tag_frame": "frames",
}

__version__ = "0.1.0"
__all__ = sorted(_HOMES)  # noqa: PLE0605 - it is a list of strings, computed once


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'beritaclass' has no attribute {name!r}")
    value = getattr(import_module(f"beritaclass.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
