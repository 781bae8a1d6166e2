"""Holds a dump against the articles that a model was trained on: unseen words, scores, topics that rise or fall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from beritaclass.article import Article, sample
from beritaclass.errors import InputError
from beritaclass.learning import news_background
from beritaclass.preprocessing.stemming import default_stemmer
from beritaclass.preprocessing.tokenization import surfaces
from beritaclass.vectorizer import TopicVectorizer, cleaned_fields

Assessed = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]

EDGES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
"""Edges of the bins of a topic's probabilities."""
MOVED, SHIFTED = 0.1, 0.25
"""Population stability index from which on a distribution has moved, or shifted: the usual bounds (Siddiqi 2006)."""
READ_FOR_WORDS = 2_000
"""Articles whose words are looked up, spread evenly over those given."""


class Tagger(Protocol):
    """What is asked of a model: a fitted `TopicClassifier`."""

    vectorizer_: TopicVectorizer
    classes_: npt.NDArray[Any]

    def assess(self, X: Iterable[Article | str]) -> Assessed:
        """Return the probability of every topic, and which are said."""
        ...


@dataclass(frozen=True, slots=True)
class TopicDrift:
    """How a topic fares in a dump.

    Parameters
    ----------
    topic : str
    share_before, share : float
        Share of the articles that it is said of, in training and now.
    z : float
        The difference of the shares in its standard errors.
    stability : float
        Population stability index of its probabilities: 0 if they are as in training.
    """

    topic: str
    share_before: float
    share: float
    z: float
    stability: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How a dump differs from a model's training.

    Parameters
    ----------
    n_articles : int
    unseen_before, unseen : float
        Share of the words that neither the model nor the corpus behind it knows, in training and now.
    untagged_before, untagged : float
        Share of the articles without a tag.
    topics : tuple of TopicDrift
        Those that moved most come first.
    verdict : str
        'stable', 'moving' or 'shifted'.
    reasons : tuple of str
        Why, in plain words.
    """

    n_articles: int
    unseen_before: float
    unseen: float
    untagged_before: float
    untagged: float
    topics: tuple[TopicDrift, ...]
    verdict: str
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists and numbers."""
        return asdict(self)


def describe(
    model: Tagger,
    articles: Iterable[Article | str],
    *,
    assessed: Assessed | None = None,
    most_articles: int = 20_000,
) -> dict[str, Any]:
    """Return what drift is measured by, as plain values; `TopicClassifier.reference_` is that of the training.

    Parameters
    ----------
    model : TopicClassifier
    articles : iterable of Article or str
        They should be drawn like those that the model is to tag.
    assessed : pair of ndarrays of shape (n_articles, n_topics), optional
        What the model says of each of the articles, where `assess` would tell too much: what a model says of the
        articles that it was fitted on is surer than what it will say of others.
    most_articles : int, default 20_000
        Of more articles a sample is drawn, unless they are assessed already.

    Raises
    ------
    InputError
        If there are no articles.
    """
    given = sample(articles, most_articles) if assessed is None else list(Article.each(articles))
    if not given:
        raise InputError("there are no articles to measure drift on")
    known, stem = {*model.vectorizer_.stems_, *news_background().stems}, default_stemmer().stem
    n_words = n_unseen = 0
    for article in given[:: -(-len(given) // READ_FOR_WORDS)]:
        stems = [s for part in cleaned_fields(article) for s in map(stem, surfaces(part)) if s]
        n_words += len(stems)
        n_unseen += sum(s not in known for s in stems)
    probability, said = model.assess(given) if assessed is None else assessed
    return {
        "n_articles": len(given),
        "unseen": n_unseen / max(n_words, 1),
        "untagged": float((~said.any(axis=1)).mean()),
        "said": dict(zip(model.classes_.tolist(), said.sum(axis=0).tolist(), strict=True)),
        "histograms": {
            topic: np.bincount(np.digitize(probability[:, i], EDGES), minlength=len(EDGES) + 1).tolist()
            for i, topic in enumerate(model.classes_.tolist())
        },
    }


def compare(reference: Mapping[str, Any], now: Mapping[str, Any]) -> Drift:
    """Hold what `describe` said of a dump against what it said of the training.

    Raises
    ------
    InputError
        If the two are not of the same topics.
    """
    if set(reference["said"]) != set(now["said"]):
        raise InputError("the reference and the dump were tagged with different topics; measure both with one model")
    topics, moved_by = [], {}
    for topic, count in now["said"].items():
        # Topics that were added to a model were learned from articles of their own.
        n, m = (sum(side["histograms"][topic]) for side in (reference, now))
        before, share = reference["said"][topic] / n, count / m
        pooled = (reference["said"][topic] + count + 1) / (n + m + 2)
        z = (share - before) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        # The index of equal distributions is about (bins - 1) * (1/n + 1/m): what chance alone makes does not count.
        chance = 2 * len(EDGES) * (1 / n + 1 / m)
        stability = _stability(reference["histograms"][topic], now["histograms"][topic])
        moved_by[topic] = stability - chance
        topics.append(TopicDrift(topic, before, share, float(z), stability))
    topics.sort(key=lambda t: -abs(t.z))
    reasons = []
    level = 0
    if now["unseen"] > 1.5 * reference["unseen"] + 0.01:
        level = max(level, 1 + (now["unseen"] > 3 * reference["unseen"] + 0.02))
        reasons.append(
            f"{now['unseen']:.1%} of the words are unknown to the model; in training {reference['unseen']:.1%}"
        )
    if abs(now["untagged"] - reference["untagged"]) > 0.1:
        level = max(level, 1 + (abs(now["untagged"] - reference["untagged"]) > 0.25))
        reasons.append(f"{now['untagged']:.0%} of the articles get no tag; in training {reference['untagged']:.0%}")
    moved = [t for t in topics if moved_by[t.topic] > MOVED]
    shifted = [t for t in moved if moved_by[t.topic] > SHIFTED]
    if moved:
        level = max(level, 2 if len(shifted) * 4 >= len(topics) else 1)
        reasons.append(
            f"the scores of {len(moved)} of {len(topics)} topics moved: {', '.join(t.topic for t in moved[:5])}"
        )
    for word, sign in (("rising", 1), ("falling", -1)):
        going = [t for t in topics if sign * t.z > 4 and abs(t.share - t.share_before) > 0.01]
        if going:
            level = max(level, 1)
            told = (f"{t.topic} ({t.share_before:.1%} to {t.share:.1%})" for t in going[:5])
            reasons.append(f"{word}: {', '.join(told)}")
    return Drift(
        now["n_articles"],
        reference["unseen"],
        now["unseen"],
        reference["untagged"],
        now["untagged"],
        tuple(topics),
        ("stable", "moving", "shifted")[level],
        tuple(reasons) or ("words, scores and topics are as they were in training",),
    )


def _stability(before: list[int], now: list[int]) -> float:
    """Return the population stability index of two histograms, with half an article added to each bin."""
    p, q = (np.asarray(h, np.float64) + 0.5 for h in (before, now))
    p, q = p / p.sum(), q / q.sum()
    return float(((p - q) * np.log(p / q)).sum())
