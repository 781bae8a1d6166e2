"""Picks the articles that teach a model most when somebody reads them, and takes back what they ticked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from beritaclass.article import Article, sample
from beritaclass.classifier import TopicClassifier
from beritaclass.errors import InputError

Floats = npt.NDArray[np.float64]

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

    The doubt about a topic is 1 where its probability is at its threshold, or at that of its rival where articles have
    just one topic, and falls to 0 with the log-odds (Lewis & Gale 1994, uncertainty sampling); each choice lowers the
    doubt of articles by their likeness to it, so that the choices spread over the dump, and takes those out that are
    nearly the same (Brinker 2003, diversity in active learning).

    Parameters
    ----------
    model : TopicClassifier
    articles : iterable of Article or str
    n : int, default 50
    most_articles : int, default 20_000
        Of more articles a sample is looked at.

    Returns
    -------
    list of at most n Question
        The most instructive first.
    """
    from sklearn.preprocessing import normalize

    if n < 1:
        raise InputError(f"n must be at least 1, got {n}")
    given = sample(articles, most_articles)
    if not given:
        return []
    rows = model.vectorizer_.transform(given)
    probability, said = model.assess(given)
    doubt = _doubt(probability, model.thresholds_ if model.multilabel_ else _rivals(probability))
    doubt[:, model.slope_ == 0] = 0  # too few examples to tell one article from another: no article is doubtful by it
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


def _doubt(probability: Floats, threshold: Floats) -> Floats:
    """Return how near each probability is to its threshold, as the log-odds of its topic go in these articles."""

    def log_odds(p: Floats) -> Floats:
        p = np.clip(p, 1e-6, 1 - 1e-6)
        return np.asarray(np.log(p / (1 - p)))

    spread = log_odds(probability).std(axis=0)
    distance = (log_odds(probability) - log_odds(threshold)) / np.clip(spread, 0.25, 1)
    return np.asarray(np.exp(-0.5 * distance**2))


def _rivals(probability: Floats) -> Floats:
    """Return, for each topic of an article that has just one, the probability of the best other one."""
    if probability.shape[1] < 2:
        return np.full_like(probability, 0.5)
    second, first = np.sort(probability, axis=1)[:, -2:].T
    return np.asarray(np.where(probability == first[:, None], second[:, None], first[:, None]))


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
