"""Picks the articles that teach a model most when somebody reads them, and takes back what they ticked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from beritaclass.article import Article
from beritaclass.classifier import TopicClassifier
from beritaclass.errors import InputError

SAME = 0.8
"""Cosine from which on two articles tell the same story in the same words."""


@dataclass(frozen=True, slots=True)
class Question:
    """An article to read.

    Parameters
    ----------
    article : Article
    tags : tuple of str
        What the model says now.
    doubtful : tuple of str
        The topics it is least sure of, the most doubtful first.
    doubt : float
        From 0 to 1: how near the nearest probability is to its threshold.
    """

    article: Article
    tags: tuple[str, ...]
    doubtful: tuple[str, ...]
    doubt: float


def pick(
    model: TopicClassifier, articles: Iterable[Article | str], n: int = 50, *, most_articles: int = 20_000
) -> list[Question]:
    """Choose the articles that would teach most: doubtful ones, none like another.

    The doubt about a topic is 1 where its probability is at its threshold and falls to 0 with the log-odds (Lewis &
    Gale 1994, uncertainty sampling); each choice lowers the doubt of articles by their likeness to it, so that the
    choices spread over the dump, and takes those out that are nearly the same (Brinker 2003, diversity in active
    learning).

    Parameters
    ----------
    model : TopicClassifier
    articles : iterable of Article or str
    n : int, default 50
    most_articles : int, default 20_000
        Only the first so many are looked at.

    Returns
    -------
    list of at most n Question
        The most instructive first.
    """
    from itertools import islice

    from sklearn.preprocessing import normalize

    if n < 1:
        raise InputError(f"n must be at least 1, got {n}")
    given = [Article.of(x) for x in islice(articles, most_articles)]
    if not given:
        return []
    rows = model.vectorizer_.transform(given)
    probability, said = model.assess(given)
    doubt = _doubt(probability, model.thresholds_ if model.multilabel_ else 1 / len(model.classes_))
    total = doubt.max(axis=1) + 0.1 * doubt.mean(axis=1)
    total[np.diff(rows.indptr) == 0] = -np.inf  # nothing that the model knows: nothing to learn
    unit = normalize(rows)
    names = model.classes_.tolist()
    questions: list[Question] = []
    worth = total.copy()
    while len(questions) < n and np.isfinite(worth).any():
        best = int(worth.argmax())
        order = np.argsort(-doubt[best], kind="stable")[:3]
        questions.append(
            Question(
                given[best],
                tuple(names[i] for i in np.flatnonzero(said[best])),
                tuple(names[i] for i in order if doubt[best, i] > 0.2),
                round(float(doubt[best].max()), 3),
            )
        )
        likeness = np.asarray((unit @ unit[[best]].T).todense()).ravel()
        worth -= 0.5 * likeness
        worth[(likeness >= SAME) | (np.arange(len(given)) == best)] = -np.inf
    return questions


def _doubt(probability: npt.NDArray[np.float64], threshold: Any) -> npt.NDArray[np.float64]:
    def log_odds(p: Any) -> Any:
        p = np.clip(p, 1e-6, 1 - 1e-6)
        return np.log(p / (1 - p))

    return np.asarray(np.exp(-0.5 * (log_odds(probability) - log_odds(threshold)) ** 2))


def to_csv(questions: Sequence[Question]) -> str:
    """Return a table to fill in: 'topics' holds what the model says, to be put right and kept apart by '|'."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", "title", "text", "topics", "doubtful"])
    for q in questions:
        article = q.article
        # A spreadsheet would run a cell that begins so as a formula.
        cells = [f"'{cell}" if cell[:1] in "=+-@\t" and cell else cell for cell in (article.title, article.text)]
        writer.writerow([article.id, *cells, "|".join(q.tags), "|".join(q.doubtful)])
    return stream.getvalue()
