"""How right a tagger is on labelled articles: per topic and in all, with confidence intervals and calibration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from beritaclass.article import Article
from beritaclass.calibration import expected_calibration_error
from beritaclass.classifier import TopicClassifier, indicator
from beritaclass.errors import InputError, UnknownTopicError

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TopicScore:
    """How right one topic is.

    Parameters
    ----------
    topic : str
    precision, recall, f1 : float
        At the model's threshold; 0 where nothing was said or nothing was there.
    f1_low, f1_high : float
        95 % interval of the F1 over resampled articles.
    support : int
        Articles that have the topic.
    predicted : int
        Articles that the model says it of.
    """

    topic: str
    precision: float
    recall: float
    f1: float
    f1_low: float
    f1_high: float
    support: int
    predicted: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How right a model is.

    Parameters
    ----------
    topics : tuple of TopicScore
        In the order of the model's classes.
    macro_f1 : float
        Mean F1 of the topics that some article has.
    micro_f1, micro_precision, micro_recall : float
        Over all pairs of article and topic.
    example_f1 : float
        Mean over the articles; an article with no topic and no tag counts as 1.
    macro_f1_interval, micro_f1_interval : tuple of float
        95 % intervals over resampled articles (percentile bootstrap, Efron 1979).
    calibration_error : float
        Expected calibration error over all pairs of article and topic, 15 bins (Naeini et al. 2015).
    tag_calibration_error : float
        The same over the tags that are said only: a tag said with 0.9 is right nine times in ten.
    n_articles : int
    """

    topics: tuple[TopicScore, ...]
    macro_f1: float
    micro_f1: float
    micro_precision: float
    micro_recall: float
    example_f1: float
    macro_f1_interval: tuple[float, float]
    micro_f1_interval: tuple[float, float]
    calibration_error: float
    tag_calibration_error: float
    n_articles: int

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists and numbers."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a model says of labelled articles beside what is right.

    Parameters
    ----------
    classes : tuple of n_topics str
    articles : sequence of n_articles Article
    probability : ndarray of shape (n_articles, n_topics), float64
    said, target, counted : ndarray of shape (n_articles, n_topics), bool
        What the model says, what is right, and which pairs of article and topic count.
    """

    classes: tuple[str, ...]
    articles: Sequence[Article]
    probability: npt.NDArray[np.float64]
    said: Bools
    target: Bools
    counted: Bools


def evaluate(
    model: TopicClassifier,
    X: Iterable[Article | str],
    y: Sequence[Iterable[str]] | None = None,
    *,
    unsure: Sequence[Iterable[str]] | None = None,
    n_resamples: int = 1000,
    random_state: int = 0,
) -> Evaluation:
    """Measure how right a model is on labelled articles.

    Parameters
    ----------
    model : TopicClassifier
    X : iterable of n_articles Article or str
    y : sequence of n_articles collections of slugs, optional
        The right topics; without it those that the articles carry.
    unsure : sequence of n_articles collections of slugs, optional
        Topics that count neither for nor against; without `y`, those that the articles carry.
    n_resamples : int, default 1000
        Resamples of the articles for the intervals.
    random_state : int, default 0

    Raises
    ------
    InputError
        If there are no articles, or one has no right topics given.
    UnknownTopicError
        If a right topic is none of the model's.
    """
    return score(compare(model, X, y, unsure=unsure), n_resamples=n_resamples, random_state=random_state)


def compare(
    model: TopicClassifier,
    X: Iterable[Article | str],
    y: Sequence[Iterable[str]] | None = None,
    *,
    unsure: Sequence[Iterable[str]] | None = None,
) -> Comparison:
    """Put what a model says beside what is right; parameters and errors are those of `evaluate`."""
    articles = [Article.of(x) for x in X]
    if y is None:
        for article in articles:
            if article.topics is None:
                raise InputError(f"article {article.id!r} has no 'topics', so there is nothing to compare with")
        y = [article.topics or () for article in articles]
        unsure = [article.unsure for article in articles]
    if not articles or len(y) != len(articles):
        raise InputError(f"expected topics for each of at least one article, got {len(y)} for {len(articles)} articles")
    for topics in y:
        for topic in topics:
            if topic not in model.classes_:
                raise UnknownTopicError.of(topic, model.classes_.tolist())
    target = indicator(y, model.classes_)
    counted = ~indicator(unsure, model.classes_) | target if unsure is not None else np.ones_like(target)
    return Comparison(tuple(model.classes_.tolist()), articles, *model.assess(articles), target, counted)


def score(comparison: Comparison, *, n_resamples: int = 1000, random_state: int = 0) -> Evaluation:
    """Measure a comparison.

    Parameters
    ----------
    comparison : Comparison
    n_resamples : int, default 1000
    random_state : int, default 0
    """
    said, target, counted = comparison.said, comparison.target, comparison.counted
    hit, false, missed = said & target & counted, said & ~target & counted, ~said & target & counted
    rng = np.random.default_rng(random_state)
    n = len(target)
    resamples = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples)
    sums = [resamples @ part.astype(np.float64) for part in (hit, false, missed)]
    topic_f1 = _f1(*sums)
    present = (hit | missed).any(axis=0)
    tp, fp, fn = (part.sum(axis=0) for part in (hit, false, missed))
    f1 = _f1(tp, fp, fn)
    low, high = np.percentile(topic_f1, [2.5, 97.5], axis=0)
    per_article = _f1(*(part.sum(axis=1) for part in (hit, false, missed)), nothing=1.0)
    seen = counted & said
    return Evaluation(
        topics=tuple(
            TopicScore(
                topic,
                _ratio(tp[i], tp[i] + fp[i]),
                _ratio(tp[i], tp[i] + fn[i]),
                float(f1[i]),
                float(low[i]),
                float(high[i]),
                int(tp[i] + fn[i]),
                int(tp[i] + fp[i]),
            )
            for i, topic in enumerate(comparison.classes)
        ),
        macro_f1=float(f1[present].mean()) if present.any() else 0.0,
        micro_f1=float(_f1(tp.sum(), fp.sum(), fn.sum())),
        micro_precision=_ratio(tp.sum(), (tp + fp).sum()),
        micro_recall=_ratio(tp.sum(), (tp + fn).sum()),
        example_f1=float(per_article.mean()),
        macro_f1_interval=_interval(topic_f1[:, present].mean(axis=1)) if present.any() else (0.0, 0.0),
        micro_f1_interval=_interval(_f1(*(part.sum(axis=1) for part in sums))),
        calibration_error=expected_calibration_error(comparison.probability[counted], target[counted]),
        tag_calibration_error=expected_calibration_error(comparison.probability[seen], target[seen]),
        n_articles=n,
    )


def _f1(tp: Any, fp: Any, fn: Any, *, nothing: float = 0.0) -> npt.NDArray[np.float64]:
    """Return 2 tp / (2 tp + fp + fn), and `nothing` where there is nothing to find and nothing said."""
    total = np.asarray(2 * tp + fp + fn, np.float64)
    return np.asarray(np.where(total > 0, 2 * tp / np.where(total > 0, total, 1), nothing))


def _ratio(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else 0.0


def _interval(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
