"""An article, as a reader of dumps hands it over and a tagger takes it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from beritaclass.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A news article.

    Parameters
    ----------
    text : str
        The body, as clean or as dirty as it was scraped.
    title : str, default ""
        The headline, if it is known apart from the body.
    id, date, source, url : str, default ""
        What the dump says of it; carried along, never used to tag.
    topics : tuple of str or None, default None
        Slugs of the right topics, if the article is labelled; None if it is not.
    unsure : tuple of str, default ()
        Topics that count neither for nor against in an evaluation.
    fields : mapping, default {}
        Every other field of the record, as it was.

    Raises
    ------
    InputError
        If title or text is no string, or topics are no collection of strings.
    """

    text: str = ""
    title: str = ""
    id: str = ""
    date: str = ""
    source: str = ""
    url: str = ""
    topics: tuple[str, ...] | None = None
    unsure: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("title", "text"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise InputError(
                    f"article {self.id!r}: {name} must be a string, got {type(value).__name__} {value!r:.60}"
                )
        for name in ("topics", "unsure"):
            value = getattr(self, name)
            if value and not (isinstance(value, tuple | list) and all(isinstance(topic, str) for topic in value)):
                raise InputError(
                    f"article {self.id!r}: {name} must be a tuple of slugs, such as ('kriminal',), got {value!r:.60}"
                )

    @classmethod
    def of(cls, article: Article | str) -> Article:
        """Return `article` itself, or an article whose text is the given string.

        Parameters
        ----------
        article : Article or str

        Returns
        -------
        Article

        Raises
        ------
        InputError
            If it is neither an Article nor a string.
        """
        if isinstance(article, cls):
            return article
        if isinstance(article, str):
            return cls(text=article)
        raise InputError(f"an article must be an Article or a string, got {type(article).__name__} {article!r:.60}")

    @classmethod
    def each(cls, articles: Iterable[Article | str]) -> Iterator[Article]:
        """Return what `of` makes of each of some articles.

        Parameters
        ----------
        articles : iterable of Article or str

        Returns
        -------
        iterator of Article

        Raises
        ------
        InputError
            If it is a single article: the letters of a string would be taken for articles. Or, as the iterator comes
            to it, if one is neither an Article nor a string.
        """
        if isinstance(articles, str | bytes | cls):
            raise InputError(
                f"expected several articles, got a single {type(articles).__name__}: put it in a list, "
                "or tag it with tag()"
            )
        return map(cls.of, articles)


def sample(articles: Iterable[Article | str], n: int) -> list[Article]:
    """Return n articles drawn at random from a stream of any length, or all if there are no more (Vitter's R, 1985)."""
    draw = random.Random(0)  # noqa: S311 - the same sample each time
    drawn: list[Article] = []
    for i, article in enumerate(Article.each(articles)):
        if i < n:
            drawn.append(article)
        elif (place := draw.randrange(i + 1)) < n:
            drawn[place] = article
    return drawn
