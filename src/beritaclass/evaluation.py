"""How right a tagger is on labelled articles: per topic and in all, with confidence intervals and calibration."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

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
        Seed of the resamples.

    Returns
    -------
    Evaluation

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
    articles, y, unsure = _labelled(X, y, unsure)
    for topics in y:
        for topic in topics:
            if topic not in model.classes_:
                raise UnknownTopicError.of(topic, model.classes_.tolist())
    return _beside(tuple(model.classes_.tolist()), articles, *model.assess(articles), y, unsure)


def _labelled(
    X: Iterable[Article | str], y: Sequence[Iterable[str]] | None, unsure: Sequence[Iterable[str]] | None
) -> tuple[list[Article], Sequence[Iterable[str]], Sequence[Iterable[str]] | None]:
    """Return articles with their right and unsure topics, their own if none are given."""
    articles = list(Article.each(X))
    if y is None:
        for article in articles:
            if article.topics is None:
                raise InputError(f"article {article.id!r} has no 'topics', so there is nothing to compare with")
        y = [article.topics or () for article in articles]
        unsure = [article.unsure for article in articles]
    if not articles or len(y) != len(articles):
        raise InputError(f"expected topics for each of at least one article, got {len(y)} for {len(articles)} articles")
    return articles, y, unsure


def _beside(
    classes: tuple[str, ...],
    articles: Sequence[Article],
    probability: npt.NDArray[np.float64],
    said: Bools,
    y: Sequence[Iterable[str]],
    unsure: Sequence[Iterable[str]] | None,
) -> Comparison:
    names = np.array(classes, dtype=str)
    target = indicator(y, names)
    counted = ~indicator(unsure, names) | target if unsure is not None else np.ones_like(target)
    return Comparison(classes, articles, probability, said, target, counted)


def cross_compare(
    model: TopicClassifier,
    X: Iterable[Article | str],
    y: Sequence[Iterable[str]] | None = None,
    *,
    unsure: Sequence[Iterable[str]] | None = None,
    groups: Sequence[str] | None = None,
    n_folds: int = 5,
    random_state: int = 0,
) -> Comparison:
    """Put what models trained anew say, each article judged by one that has not seen it, beside what is right.

    Parameters
    ----------
    model : TopicClassifier
        Its parameters are those of the new ones; it need not be fitted, and what it has learned is not used.
    X, y, unsure
        As `evaluate` takes them.
    groups : sequence of n_articles str, optional
        Publishers, years, ...: each model is trained without one group and judged on it.
    n_folds : int, default 5
        Without groups, random parts that take their place.
    random_state : int, default 0
        Seed of these parts.

    Raises
    ------
    InputError
        If there are fewer than two groups or parts, or an article has no right topics given.
    """
    articles, y, unsure = _labelled(X, y, unsure)
    n = len(articles)
    if groups is None:
        groups = [str(i % n_folds) for i in np.random.default_rng(random_state).permutation(n)]
    names = sorted(set(groups))
    if len(groups) != n or len(names) < 2:
        raise InputError(
            f"each of the {n} articles needs a group, and one group is left out after the other: "
            f"got {len(groups)} of {len(names)} kinds{f', {names[0]!r}' if names else ''}; two at least are needed"
        )
    classes = np.array(sorted({topic for topics in y for topic in topics}), dtype=str)
    column = {slug: i for i, slug in enumerate(classes.tolist())}
    probability, said = np.zeros((n, len(classes))), np.zeros((n, len(classes)), bool)
    for name in names:
        held_out = [i for i in range(n) if groups[i] == name]
        rest = [i for i in range(n) if groups[i] != name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the rest may lack a topic that the whole does not lack
            learned = TopicClassifier(**model.get_params(deep=False)).fit(
                [articles[i] for i in rest],
                [list(y[i]) for i in rest],
                unsure=[list(unsure[i]) for i in rest] if unsure is not None else None,
            )
        place = np.ix_(held_out, [column[slug] for slug in learned.classes_.tolist()])
        probability[place], said[place] = learned.assess([articles[i] for i in held_out])
    return _beside(tuple(classes.tolist()), articles, probability, said, y, unsure)


def by_group(comparison: Comparison, groups: Sequence[str]) -> dict[str, Comparison]:
    """Split a comparison, into publishers or years say: the group of each article is given, the largest comes first."""
    parts: dict[str, list[int]] = {}
    for i, name in enumerate(groups):
        parts.setdefault(name, []).append(i)
    return {
        name: Comparison(
            comparison.classes,
            [comparison.articles[i] for i in rows],
            comparison.probability[rows],
            comparison.said[rows],
            comparison.target[rows],
            comparison.counted[rows],
        )
        for name, rows in sorted(parts.items(), key=lambda part: (-len(part[1]), part[0]))
    }


def publisher(article: Article) -> str:
    """Return the registered name of an article's source: 'detik.com' of 'news.detik.com'; '' if there is none."""
    host = article.source or urlsplit(article.url).netloc
    parts = "".join(host.lower().split()[:1]).split(".")
    country = len(parts) > 2 and len(parts[-1]) == 2 and len(parts[-2]) <= 3  # kontan.co.id
    return ".".join(parts[-3 if country else -2 :])


def year(article: Article) -> str:
    """Return the year of an article; '' if its date does not begin with one."""
    return found[0] if (found := re.match(r"\d{4}\b", article.date)) else ""


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
