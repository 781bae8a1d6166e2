"""The tagger: a linear multi-label classifier over stems, one class for the shipped model and for one's own."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from beritaclass._estimator import Estimator
from beritaclass.article import Article
from beritaclass.calibration import choose_thresholds, fit_sigmoid, reached, sigmoid
from beritaclass.drift import describe
from beritaclass.errors import InputError, UnknownTopicError
from beritaclass.explanation import Contribution, Explanation, Occurrence
from beritaclass.learning import Background, Space, learn, news_background, widen
from beritaclass.preprocessing.cleaning import CleanedText, clean
from beritaclass.taxonomy import Taxonomy
from beritaclass.vectorizer import TopicVectorizer, cleaned_fields

Labels = Sequence[Sequence[str]] | npt.NDArray[Any]
N_PLACES = 3
NEVER = -10.0
"""Intercept of a topic that could not be learned."""
_BY_TOPIC = ("coef_", "intercept_", "slope_", "offset_", "thresholds_", "shares_")


class Tag(NamedTuple):
    """A topic that an article has, and how probable it is.

    Parameters
    ----------
    topic : str
        Its slug, such as 'bea-cukai'.
    probability : float
        From 0 to 1, calibrated: of all tags of probability 0.8, some 80 in 100 should be right.
    """

    topic: str
    probability: float


@dataclass(frozen=True, slots=True)
class Tagged:
    """An article with its tags.

    Parameters
    ----------
    article : Article
    tags : tuple of Tag
        Its topics, the most probable first; empty if it has none.
    scores : mapping of str to float, or None, default None
        The probability of every topic of the model, said or not; None if it was not asked for.
    """

    article: Article
    tags: tuple[Tag, ...]
    scores: Mapping[str, float] | None = None


class TopicClassifier(Estimator):
    """Tags articles with any number of topics: TF-IDF of stems, one linear classifier a topic, calibrated.

    Parameters
    ----------
    vectorizer : TopicVectorizer or None, default None
        How articles become rows; None for a `TopicVectorizer()`. It is fitted anew.
    background : bool, default True
        Whether words weigh what they weigh in the news corpus of the shipped model, and words that no labelled article
        holds count like those they keep company with there.
    C : float, default 3.0
        Inverse strength of regularisation of the ridge regression.
    n_folds : int, default 10
        Folds of the cross-validation that probabilities and thresholds are learned from.
    taxonomy : Taxonomy or None, default None
        Which topic implies which, for one's own topics.
    random_state : int, default 0
        Seed of the folds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_topics,), str
        Slugs, sorted; the columns of all outputs follow it.
    vectorizer_ : TopicVectorizer
    coef_ : ndarray of shape (n_columns, n_topics), float32
        One row a column of the vectoriser: the transpose of scikit-learn's, several times faster here.
    intercept_ : ndarray of shape (n_topics,), float32
    multilabel_ : bool
        Whether an article may have any number of topics, or has just one.
    slope_, offset_ : ndarray of shape (n_topics,), float64
        probability = sigmoid(slope * decision + offset).
    thresholds_ : ndarray of shape (n_topics,), float64
        A topic is said where its probability reaches this.
    shares_ : ndarray of shape (n_places, n_topics), float64
        What share of its threshold a topic needs as the first, second or further topic of an article, see
        `beritaclass.calibration.reached`; 1 in all models but the shipped one.
    out_of_fold_ : ndarray of shape (n_articles, n_topics), float64
        Probability that each article the model was fitted on gets from the others alone; not saved with the model.
        Of topics that `with_topics` left alone, NaN.
    reference_ : dict or None
        How the training looked, for `beritaclass drift`: what `beritaclass.drift.describe` says of it.
    """

    reference_: dict[str, Any] | None = None

    def __init__(
        self,
        *,
        vectorizer: TopicVectorizer | None = None,
        background: bool = True,
        C: float = 3.0,
        n_folds: int = 10,
        taxonomy: Taxonomy | None = None,
        random_state: int = 0,
    ) -> None:
        self.vectorizer = vectorizer
        self.background = background
        self.C = C
        self.n_folds = n_folds
        self.taxonomy = taxonomy
        self.random_state = random_state

    # ------------------------------------------------------------------ fitting

    def fit(self, X: Sequence[Article | str], y: Labels, *, unsure: Labels | None = None) -> Self:
        """Learn topics from labelled articles.

        Parameters
        ----------
        X : sequence of n_articles Article or str
        y : sequence of n_articles collections of slugs, or of slugs, or array of shape (n_articles, n_topics)
            The right topics of each article, none included; or just one topic each, and then the model says just
            one of each article; or an indicator matrix, whose topics are named by their columns, '0', '1', ...
        unsure : sequence of n_articles collections of slugs, optional
            Topics that count neither for nor against.

        Returns
        -------
        self : TopicClassifier

        Raises
        ------
        InputError
            If lengths differ, a label is no string, there is no topic at all, or a parameter is out of range.
        """
        return self._fit(X, y, unsure, None)

    def _fit(self, X: Sequence[Article | str], y: Labels, unsure: Labels | None, own: TopicVectorizer | None) -> Self:
        """Learn topics, on the columns of a fitted vectoriser if one is given."""
        articles = list(Article.each(X))
        self.multilabel_, labels = _as_labels(y)
        doubts = _as_labels(unsure)[1] if unsure is not None else None
        for name, given in (("y", labels), ("unsure", doubts)):
            if given is not None and len(given) != len(articles):
                raise InputError(f"{name} must hold topics for each of the {len(articles)} articles, got {len(given)}")
        if not self.C > 0:
            raise InputError(f"C must be a number greater than 0, got {self.C!r}")
        if not self.n_folds >= 2:
            raise InputError(f"n_folds must be 2 or more, got {self.n_folds!r}: each fold is judged by the other ones")
        if self.taxonomy is not None and self.multilabel_:
            labels = [self.taxonomy.closure(topics) for topics in labels]
        self.classes_ = np.array(sorted(set().union(*labels), key=_natural), dtype=str)
        if not len(self.classes_):
            raise InputError("y names no topic at all; each article needs a list of topics, such as ['kriminal']")
        target = indicator(labels, self.classes_)
        known = ~indicator(doubts, self.classes_) if doubts is not None else np.ones_like(target)

        background = news_background() if self.background else None
        if own is None:
            own = TopicVectorizer(**self.vectorizer.get_params() if self.vectorizer is not None else {}).fit(articles)
            own = widen(own, background) if background is not None else own
        self.vectorizer_ = own
        self._learn(articles, target, known, background)
        assessed = self._decide(self.out_of_fold_.copy())
        self.reference_ = describe(self, articles, assessed=assessed) if articles else None
        return self

    def _learn(
        self,
        articles: Sequence[Article],
        target: npt.NDArray[np.bool_],
        known: npt.NDArray[np.bool_],
        background: Background | None,
    ) -> None:
        """Learn weights, probabilities and thresholds on the columns of the vectoriser."""
        space = Space(self.vectorizer_.transform(articles), self.vectorizer_, background)
        positives = (target & known).sum(axis=0)
        negatives = (~target & known).sum(axis=0)
        learnable = np.minimum(positives, negatives) >= 2
        for topic in np.flatnonzero(~learnable):
            warnings.warn(
                f"topic {str(self.classes_[topic])!r} has {positives[topic]} of {positives[topic] + negatives[topic]} "
                "articles; a topic needs two with and two without it to be learned, so it will be said of no article",
                stacklevel=4,
            )
        # Dealt out by the rarest topic of each, so that no fold takes all articles of a topic away from the others.
        order = np.random.default_rng(self.random_state).permutation(len(articles))
        rarest = np.where(target.any(axis=1), np.where(target, positives, len(articles)).argmin(axis=1), -1)
        order = order[np.argsort(rarest[order], kind="stable")]
        n_folds = min(self.n_folds, len(articles))
        folds = [np.sort(order[i::n_folds]) for i in range(n_folds)]
        n_topics = len(self.classes_)
        coef = np.zeros((space.rows.shape[1], n_topics), np.float32)
        intercept = np.full(n_topics, NEVER, np.float64)
        decision = np.full(target.shape, NEVER)
        if learnable.any():
            coef[:, learnable], intercept[learnable], decision[:, learnable] = learn(
                space, target[:, learnable], known[:, learnable], folds, self.C
            )
        # Half precision costs nothing, and a saved model says what this one says.
        self.coef_ = coef.astype(np.float16).astype(np.float32)
        self.intercept_ = intercept.astype(np.float32)
        self.slope_, self.offset_ = np.ones(n_topics), np.zeros(n_topics)
        for topic in np.flatnonzero(learnable):
            use = known[:, topic]
            self.slope_[topic], self.offset_[topic] = fit_sigmoid(decision[use, topic], target[use, topic])
        lost = learnable & (self.slope_ == 0)
        for topic in np.flatnonzero(lost):
            warnings.warn(
                f"topic {str(self.classes_[topic])!r}: its {positives[topic]} articles have nothing in common that the "
                "other ones lack, so it will be said of no article; give more of them, or look at their labels",
                stacklevel=4,
            )
        out_of_fold = sigmoid(self.slope_ * decision + self.offset_)
        self.out_of_fold_ = out_of_fold
        self.thresholds_, self.shares_ = np.full(n_topics, 0.5), np.ones((N_PLACES, n_topics))
        if learnable.any():
            self.thresholds_[learnable] = choose_thresholds(
                out_of_fold[:, learnable], target[:, learnable], known[:, learnable]
            )
        self.thresholds_[lost] = 1.0

    def with_topics(
        self,
        X: Sequence[Article | str],
        y: Labels,
        *,
        unsure: Labels | None = None,
        taxonomy: Taxonomy | None = None,
    ) -> TopicClassifier:
        """Return a model that has the topics of `y` too, or anew; all other ones say what they said, to the last bit.

        The new topics are learned on the columns that this model has: the norm of a row depends on all of them, so
        that another vocabulary would move every other topic.

        Parameters
        ----------
        X, y, unsure
            As `fit` takes them.
        taxonomy : Taxonomy, optional
            Names of the new topics. One that implies a topic of this model lifts that topic's probability to its own.

        Returns
        -------
        TopicClassifier
            A new one; this one is not changed.

        Raises
        ------
        InputError
            If this model says just one topic of each article, or as `fit` does.
        """
        self._check_fitted()
        if not self.multilabel_:
            raise InputError("topics can be added to a model that says any number of topics; this one says just one")
        _, labels = _as_labels(y)
        if taxonomy is not None:
            # A topic of this model that a new one implies is lifted by it, not learned anew.
            labels = [topics | (taxonomy.closure(topics) - set(self.classes_.tolist())) for topics in labels]
        learner = TopicClassifier(**self.get_params(deep=False) | {"taxonomy": None})
        learner._fit(X, [sorted(topics) for topics in labels], unsure, self.vectorizer_)
        learner.taxonomy = taxonomy
        model = self.beside(learner)
        names = model.classes_.tolist()
        model.out_of_fold_ = np.full((len(learner.out_of_fold_), len(names)), np.nan)
        model.out_of_fold_[:, [names.index(topic) for topic in learner.classes_.tolist()]] = learner.out_of_fold_
        return model

    def beside(self, other: TopicClassifier) -> TopicClassifier:
        """Return a model that has the topics of `other` too, or instead of its own; all other ones stay as they are.

        Parameters
        ----------
        other : TopicClassifier
            Learned on the columns of this model, as `with_topics` and `fit_keywords(beside=...)` do.

        Returns
        -------
        TopicClassifier
            A new one; neither of the two is changed.

        Raises
        ------
        InputError
            If the other model has columns of its own, or one of the two says just one topic of each article.
        """
        if other.vectorizer_ is not self.vectorizer_ or not self.multilabel_ or not other.multilabel_:
            raise InputError(
                "models can stand beside each other if they were learned on the same columns and say any number of "
                "topics; learn the other one with with_topics(), or with fit_keywords(beside=...)"
            )
        kept = self.without_topics(set(other.classes_.tolist()) & set(self.classes_.tolist()))
        known = (self.taxonomy.topics if self.taxonomy else {}, other.taxonomy.topics if other.taxonomy else {})
        together = Taxonomy({**known[0], **known[1]}, self.taxonomy.version if self.taxonomy else "")
        model = TopicClassifier(**self.get_params(deep=False) | {"taxonomy": together if together.topics else None})
        model.vectorizer_, model.multilabel_ = self.vectorizer_, True
        classes = np.concatenate([kept.classes_, other.classes_])
        order = np.argsort(classes, kind="stable")
        model.classes_ = classes[order]
        for name in _BY_TOPIC:
            both = np.concatenate([getattr(kept, name), getattr(other, name)], axis=-1)
            setattr(model, name, np.ascontiguousarray(both[..., order]))
        if kept.reference_ is not None and other.reference_ is not None:
            figures = ("said", "histograms")
            model.reference_ = kept.reference_ | {f: kept.reference_[f] | other.reference_[f] for f in figures}
        return model

    def without_topics(self, topics: Iterable[str]) -> TopicClassifier:
        """Return a model that does not say these topics; the taxonomy keeps them, so that old outputs can be read.

        Each topic left needs just its threshold from then on, whatever its place among them: an article may be about
        what was taken out.

        Parameters
        ----------
        topics : iterable of str
            Their slugs.

        Returns
        -------
        TopicClassifier
            A new one; this one is not changed.

        Raises
        ------
        UnknownTopicError
            If the model does not have one of them.
        """
        self._check_fitted()
        names = self.classes_.tolist()
        dropped = set(topics)
        for topic in sorted(dropped):
            if topic not in names:
                raise UnknownTopicError.of(topic, names)
        kept = np.array([i for i, name in enumerate(names) if name not in dropped], np.intp)
        model = TopicClassifier(**self.get_params(deep=False))
        model.vectorizer_, model.multilabel_, model.classes_ = self.vectorizer_, self.multilabel_, self.classes_[kept]
        for name in _BY_TOPIC:
            setattr(model, name, np.ascontiguousarray(getattr(self, name)[..., kept]))
        if dropped:
            model.shares_ = np.ones_like(model.shares_)
        if self.reference_ is not None:
            model.reference_ = self.reference_ | {
                figure: {topic: self.reference_[figure][topic] for topic in model.classes_.tolist()}
                for figure in ("said", "histograms")
            }
        return model

    # ------------------------------------------------------------------ predicting

    def decision_function(self, X: Iterable[Article | str]) -> npt.NDArray[np.float32]:
        """Return the decision value of every topic.

        Parameters
        ----------
        X : iterable of n_articles Article or str

        Returns
        -------
        ndarray of shape (n_articles, n_topics), float32
        """
        self._check_fitted()
        return np.asarray(self.vectorizer_.transform(X) @ self.coef_ + self.intercept_)

    def predict_proba(self, X: Iterable[Article | str]) -> npt.NDArray[np.float64]:
        """Return the probability of every topic; a topic is at least as probable as any that implies it.

        Parameters
        ----------
        X : iterable of n_articles Article or str

        Returns
        -------
        ndarray of shape (n_articles, n_topics), float64
            Columns follow `classes_`.
        """
        return self.assess(X)[0]

    def predict(self, X: Iterable[Article | str]) -> npt.NDArray[Any]:
        """Return which topics each article has.

        Parameters
        ----------
        X : iterable of n_articles Article or str

        Returns
        -------
        ndarray of shape (n_articles, n_topics), int
            1 where an article has a topic; or, from a model fitted on one topic an article, ndarray of shape
            (n_articles,) with the topics.
        """
        probability, said = self.assess(X)
        return said.astype(np.int64) if self.multilabel_ else self.classes_[probability.argmax(axis=1)]

    def score(self, X: Sequence[Article | str], y: Labels) -> float:
        """Return the share of the articles whose topics are all right (scikit-learn's accuracy).

        Parameters
        ----------
        X : sequence of n_articles Article or str
        y : sequence of n_articles collections of slugs, or of slugs, or array of shape (n_articles, n_topics)
            The right topics, in the form that the model was fitted on, see `fit`.

        Returns
        -------
        float
            From 0 to 1.

        Raises
        ------
        InputError
            If `y` has another form, or a label is no string.
        """
        multilabel, labels = _as_labels(y)
        if multilabel != self.multilabel_:
            raise InputError("y must have the form that the model was fitted on: one topic an article, or any number")
        return float((self.assess(X)[1] == indicator(labels, self.classes_)).all(axis=1).mean())

    def assess(self, X: Iterable[Article | str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Return the probability of every topic, and which are said; of an article without a known word, none.

        Parameters
        ----------
        X : iterable of n_articles Article or str

        Returns
        -------
        probability : ndarray of shape (n_articles, n_topics), float64
        said : ndarray of shape (n_articles, n_topics), bool
        """
        self._check_fitted()
        rows = self.vectorizer_.transform(X)
        probability, said = self._decide(sigmoid(self.slope_ * (rows @ self.coef_ + self.intercept_) + self.offset_))
        said[np.diff(rows.indptr) == 0] = False
        return probability, said

    def _decide(self, probability: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Return the probabilities with what topics imply, or adding up to one, and which topics are said."""
        if self.multilabel_:
            said = reached(probability, self.thresholds_, self.shares_)
            for narrow, broad in self._implications():
                said[:, broad] |= said[:, narrow]
                np.maximum(probability[:, broad], probability[:, narrow], out=probability[:, broad])
        else:
            probability /= probability.sum(axis=1, keepdims=True)
            said = np.arange(len(self.classes_)) == probability.argmax(axis=1)[:, None]
        return probability, said

    def tag(self, article: Article | str) -> tuple[Tag, ...]:
        """Return the topics of one article.

        Parameters
        ----------
        article : Article or str

        Returns
        -------
        tuple of Tag
            The most probable first; empty if the article has no topic.

        Raises
        ------
        InputError
            If it is neither an Article nor a string.
        """
        return self.tag_batch([article])[0]

    def tag_batch(self, articles: Sequence[Article | str]) -> list[tuple[Tag, ...]]:
        """Return the topics of each of some articles.

        Parameters
        ----------
        articles : sequence of n_articles Article or str
            They are in memory at once; `pipe` takes a stream.

        Returns
        -------
        list of n_articles tuples of Tag
            For each article its topics, the most probable first; empty if it has none.

        Raises
        ------
        InputError
            If it is a single article, or one is neither an Article nor a string.
        """
        return [tagged.tags for tagged in self.pipe(articles, batch_size=max(len(articles), 1))]

    def pipe(
        self, articles: Iterable[Article | str], *, batch_size: int = 1_024, scores: bool = False
    ) -> Iterator[Tagged]:
        """Tag a stream of articles, in order, holding no more than one batch.

        Parameters
        ----------
        articles : iterable of Article or str
        batch_size : int, default 1024
            Articles that are held and tagged at a time.
        scores : bool, default False
            Whether each result carries the probability of every topic.

        Yields
        ------
        Tagged
            One for each article.

        Raises
        ------
        InputError
            If `batch_size` is less than 1, `articles` is a single article, or one is neither an Article nor a string.
        """
        self._check_fitted()
        if batch_size < 1:
            raise InputError(f"batch_size must be 1 or more, got {batch_size}")
        names = self.classes_.tolist()
        waiting = Article.each(articles)
        while batch := list(islice(waiting, batch_size)):
            probability, said = self.assess(batch)
            tags: list[list[Tag]] = [[] for _ in batch]
            for i, topic in zip(*(x.tolist() for x in np.nonzero(said)), strict=True):
                tags[i].append(Tag(names[topic], float(probability[i, topic])))
            for i, article in enumerate(batch):
                by_probability = tuple(sorted(tags[i], key=lambda tag: (-tag.probability, tag.topic)))
                values = dict(zip(names, probability[i].tolist(), strict=True)) if scores else None
                yield Tagged(article, by_probability, values)

    def _implications(self) -> list[tuple[int, int]]:
        """Return (narrow, broad) columns, narrow ones of a chain first."""
        if self.taxonomy is None or not self.multilabel_:
            return []
        column = {slug: i for i, slug in enumerate(self.classes_.tolist())}
        return [
            (column[slug], column[broad])
            for slug in column
            for broad in sorted(self.taxonomy.closure([slug]) - {slug})
            if broad in column
        ]

    # ------------------------------------------------------------------ explaining

    def explain(self, article: Article | str, topic: str) -> Explanation:
        """Return the exact reasons for or against a topic.

        Parameters
        ----------
        article : Article or str
        topic : str
            Slug of the topic, whether the article has it or not.

        Returns
        -------
        Explanation
            Its contributions and the intercept add up to the decision value.

        Raises
        ------
        UnknownTopicError
            If the model does not have this topic.
        InputError
            If the article is neither an Article nor a string.
        """
        self._check_fitted()
        article = Article.of(article)
        names = self.classes_.tolist()
        if topic not in names:
            raise UnknownTopicError.of(topic, names)
        column = names.index(topic)
        row = self.vectorizer_.transform([article])
        names_out = self.vectorizer_.get_feature_names_out()
        cleaned = {"title": clean(article.title), "text": clean(article.text)}
        headline, text = cleaned_fields(article)
        # A headline that stands in for a missing title points at its place in the text.
        title_at = ("title", 0) if cleaned["title"].text.strip() else ("text", text.find(headline))
        places = {
            index: tuple(_occurrence(source, cleaned[source], shift + start, shift + end) for start, end in spans)
            for field, words, (source, shift) in (
                ("title", headline, title_at),
                ("lead", text, ("text", 0)),
                ("text", text, ("text", 0)),
            )
            for index, spans in self.vectorizer_.locate(words, field).items()
        }
        contributions = []
        for index, weight in zip(row.indices.tolist(), row.data.tolist(), strict=True):
            field, _, term = names_out[index].partition(": ")
            value = weight * float(self.coef_[index, column])
            contributions.append(Contribution(term, field, value, places[index]))
        contributions.sort(key=lambda c: (-abs(c.value), c.field, c.term))
        (probability,), (said,) = self.assess([article])
        (own,) = sigmoid(self.slope_ * self.decision_function([article]) + self.offset_)
        narrower = [n for n, b in self._implications() if b == column and probability[n] > own[column]]
        placed = (self.shares_ != 1).any(axis=0)
        share = np.where(placed, own / self.thresholds_, -1)
        before = int((share > share[column]).sum() + (share[:column] == share[column]).sum())
        needed = float(self.shares_[min(before, len(self.shares_) - 1), column])
        return Explanation(
            topic=topic,
            probability=float(probability[column]),
            threshold=float(self.thresholds_[column]) * needed,
            said=bool(said[column]),
            place=before + 1 if placed[column] else 0,
            decision=float(self.decision_function([article])[0, column]),
            intercept=float(self.intercept_[column]),
            contributions=tuple(contributions),
            title=cleaned["title"].repaired,
            text=cleaned["text"].repaired,
            cuts=tuple((field, c.start, c.end, c.rule) for field in cleaned for c in cleaned[field].cuts),
            implied_by=names[max(narrower, key=lambda n: probability[n])] if narrower else "",
        )

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True, multi_output=True, single_output=True),
            classifier_tags=ClassifierTags(multi_class=True, multi_label=True),
            input_tags=InputTags(string=True, two_d_array=False),
        )


def indicator(labels: Sequence[Iterable[str]], classes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which labels each article has, as ndarray of shape (n_articles, n_classes), bool."""
    column = {slug: i for i, slug in enumerate(classes.tolist())}
    matrix = np.zeros((len(labels), len(column)), bool)
    for i, topics in enumerate(labels):
        for topic in topics:
            if topic in column:
                matrix[i, column[topic]] = True
    return matrix


def _as_labels(y: Labels) -> tuple[bool, list[set[str]]]:
    """Return whether articles have any number of topics, and the topics of each."""
    matrix = y if isinstance(y, np.ndarray) and y.ndim == 2 else None
    if matrix is not None and matrix.dtype.kind in "biuf":
        if not np.isin(matrix, (0, 1)).all():
            raise InputError("y, as a matrix, must hold 0 and 1 only")
        return True, [{str(column) for column in np.flatnonzero(row)} for row in matrix]
    if len(y) and all(isinstance(topic, str) for topic in y):
        return False, [{str(topic)} for topic in y]
    for i, topics in enumerate(y):
        if (
            isinstance(topics, str | bytes)
            or not hasattr(topics, "__iter__")
            or not all(isinstance(t, str) for t in topics)
        ):
            raise InputError(f"y[{i}] must be a collection of slugs, such as ['kriminal'], got {topics!r:.80}")
    return True, [set(topics) for topics in y]


def _natural(slug: str) -> tuple[int, str]:
    """Sort the columns of an indicator matrix by their number: '2' before '10'."""
    return (int(slug) if slug.isdecimal() else -1, slug)


def _occurrence(field: str, cleaned: CleanedText, start: int, end: int) -> Occurrence:
    """Carry a place in the cleaned text over to the repaired one."""

    def original(position: int) -> int:
        for cut in cleaned.cuts:
            if cut.start <= position:
                position += cut.end - cut.start
        return position

    return Occurrence(field, original(start), original(end - 1) + 1, cleaned.text[start:end])
