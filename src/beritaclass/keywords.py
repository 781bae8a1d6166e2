"""Learns topics from keywords and unlabelled articles: the keywords vote, the company they keep teaches the model.

Articles in which several keywords stand, or one in the title, are taken for examples (Ratner et al. 2017, "Snorkel");
then a model that may not look at the keywords is trained on them (Meng et al. 2020 call it masking). Where it bears out
a weaker vote, that article is an example too; where it finds an article without a keyword, that one is no longer taken
for a counter-example; and on these the final model is trained, which sees every word.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from beritaclass.article import Article
from beritaclass.calibration import choose_thresholds, fit_sigmoid, fit_thresholds, sigmoid
from beritaclass.classifier import N_PLACES, NEVER, TopicClassifier
from beritaclass.drift import describe
from beritaclass.errors import InputError, TaxonomyError
from beritaclass.learning import Space, learn, news_background, widen
from beritaclass.preprocessing.stemming import default_stemmer
from beritaclass.preprocessing.tokenization import surfaces
from beritaclass.taxonomy import Taxonomy, Topic
from beritaclass.vectorizer import TopicVectorizer, cleaned_fields

Floats = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Phrase = tuple[str, ...]

STRONG = (2.0, 3.0, 4.0)
"""Votes from which on an article is an example; the bar is raised while too many articles reach it."""
RARE, ENOUGH = 0.015, 100
"""Where more than this share of the articles reach a bar, the keywords are common words; so many must then
reach the next."""
NEAR = 4
"""Words that may stand between those of a phrase; it then votes half."""
FEWEST = 5
"""Examples without which a topic is not learned."""
C = 3.0
"""Inverse strength of regularisation."""


@dataclass(frozen=True, slots=True)
class KeywordTopic:
    """What became of the keywords of a topic.

    Parameters
    ----------
    topic : str
    examples : int
        Articles that the keywords make examples of.
    conflicts : int
        Articles for which counter-keywords outvote or equal the keywords; they count neither way, or against.
    unheard : tuple of str
        Keywords that stand in no article.
    agreement : float
        F1 at which a model that may not see the keywords finds the examples, each from the others: an estimate of
        how well the keywords hang together. The right F1 is known only from articles that somebody read.
    found : int
        Articles without any keyword that the final model says the topic of.
    check : tuple of str
        Ids (or beginnings) of articles to read, the surest and the most doubtful ones without a keyword.
    learned : bool
        Whether there were examples and counter-examples enough; if not, the topic is said of no article.
    """

    topic: str
    examples: int
    conflicts: int
    unheard: tuple[str, ...]
    agreement: float
    found: int
    check: tuple[str, ...]
    learned: bool


def phrases(keywords: Iterable[str]) -> dict[str, Phrase]:
    """Return the stems of each keyword.

    Raises
    ------
    InputError
        If a keyword holds no word.
    """
    stem = default_stemmer().stem
    found = {keyword: tuple(s for s in map(stem, surfaces(keyword)) if s) for keyword in keywords}
    for keyword, stems in found.items():
        if not stems:
            raise InputError(f"the keyword {keyword!r} holds no word; give a word or a phrase")
    return found


def check_keywords(topic: Topic) -> tuple[dict[str, Phrase], dict[str, Phrase]]:
    """Return the stems of keywords and counter-keywords.

    Raises
    ------
    TaxonomyError
        If a topic has no keywords, or a word speaks both for and against it.
    """
    if not topic.keywords:
        raise TaxonomyError(f"topic {topic.slug!r} has no 'keywords', so there is nothing to learn it from")
    for_, against = phrases(topic.keywords), phrases(topic.counter_keywords)
    for word, stems in for_.items():
        for other, same in against.items():
            if stems == same:
                raise TaxonomyError(
                    f"topic {topic.slug!r}: keyword {word!r} and counter-keyword {other!r} are the same to the stemmer "
                    f"({' '.join(stems)!r}), so they contradict each other; drop one"
                )
    return for_, against


def vote(title: Sequence[str], text: Sequence[str], keywords: Mapping[str, Phrase]) -> dict[str, float]:
    """Return the votes of each keyword that stands in an article of these stems.

    A keyword that stands once has one vote, half a one more for each further time up to two; in the title it has one
    more. A phrase whose words stand near each other, in any order, has half a vote.
    """
    votes = {}
    for keyword, phrase in keywords.items():
        times = _times(text, phrase)
        in_title = _times(title, phrase) >= 1
        if value := min(times, 1) + 0.5 * min(max(times - 1, 0), 2) + in_title:
            votes[keyword] = float(value)
    return votes


def _times(stems: Sequence[str], phrase: Phrase) -> float:
    if len(phrase) == 1:
        return stems.count(phrase[0])
    wanted = set(phrase)
    places = [i for i, stem in enumerate(stems) if stem in wanted]
    exact = sum(tuple(stems[i : i + len(phrase)]) == phrase for i in places)
    if exact:
        return exact
    width = len(phrase) + NEAR
    return 0.5 if any(wanted <= set(stems[i : i + width]) for i in places) else 0.0


def fit_keywords(
    articles: Iterable[Article | str],
    taxonomy: Taxonomy,
    *,
    beside: TopicClassifier | None = None,
    most_articles: int = 5_000,
    random_state: int = 0,
) -> tuple[TopicClassifier, list[KeywordTopic]]:
    """Learn the topics of a taxonomy that have keywords, from articles without labels.

    Parameters
    ----------
    articles : iterable of Article or str
        At least some hundred, of all kinds: what no keyword stands in is taken for what the topic is not.
    taxonomy : Taxonomy
        Its topics' `keywords` and `counter_keywords`.
    beside : TopicClassifier, optional
        A model whose topics the new model has too, just as they are; the new ones are learned on its columns.
    most_articles : int, default 5_000
        Of more articles a sample is drawn, to which examples are added.
    random_state : int, default 0

    Returns
    -------
    model : TopicClassifier
    topics : list of KeywordTopic

    Raises
    ------
    TaxonomyError
        If no topic has keywords, or they contradict each other.
    InputError
        If there are no articles.
    """
    given = list(Article.each(articles))
    topics = sorted((topic for topic in taxonomy if topic.keywords), key=lambda topic: topic.slug)
    if not topics:
        raise TaxonomyError("no topic of the taxonomy has 'keywords', so there is nothing to learn from")
    if not given:
        raise InputError("there are no articles to look for the keywords in")
    if silent := [topic.slug for topic in taxonomy if not topic.keywords]:
        warnings.warn(f"no 'keywords', so not learned: {', '.join(silent)}", stacklevel=2)
    spoken = [check_keywords(topic) for topic in topics]
    for_, against, heard = _votes(given, spoken)

    rng = np.random.default_rng(random_state)
    order = rng.permutation(len(given))
    wins: Bools = np.asarray(np.less(against, for_))
    bar = np.array([_bar(votes * won) for votes, won in zip(for_.T, wins.T, strict=True)])
    examples: Bools = np.asarray((wins & np.greater_equal(for_, bar)).any(axis=1))
    sample = order[:most_articles]
    rest = order[most_articles:]
    # The rare examples of a large dump, beside the sample, and not more of them than half as many.
    chosen = np.concatenate([sample, rest[examples[rest]][: most_articles // 2]])
    is_sample = np.arange(len(chosen)) < len(sample)
    given = [given[i] for i in chosen]
    for_, against = for_[chosen], against[chosen]

    background = news_background()
    vectorizer = beside.vectorizer_ if beside is not None else widen(TopicVectorizer().fit(given), background)
    rows = vectorizer.transform(given)
    folds = [np.sort(fold) for fold in np.array_split(rng.permutation(len(given)), 5)]
    model = TopicClassifier(taxonomy=taxonomy, random_state=random_state)
    model.vectorizer_, model.multilabel_ = vectorizer, True
    model.classes_ = np.array([topic.slug for topic in topics], dtype=str)
    n_topics = len(topics)
    model.coef_ = np.zeros((rows.shape[1], n_topics), np.float32)
    model.intercept_ = np.full(n_topics, NEVER, np.float32)
    model.slope_, model.offset_, model.thresholds_ = np.ones(n_topics), np.zeros(n_topics), np.full(n_topics, 0.5)
    model.shares_ = np.ones((N_PLACES, n_topics))
    voted = for_ > against
    none = for_ == 0
    examples = voted & (for_ >= bar)
    target, counted = examples.copy(), examples | (against > for_) | none
    learnable = np.minimum(target.sum(axis=0), (counted & ~target).sum(axis=0)) >= FEWEST
    report = []
    for i, topic in enumerate(topics):
        unheard = tuple(keyword for keyword in topic.keywords if keyword not in heard)
        n_conflicts = int(((for_[:, i] > 0) & ~voted[:, i]).sum())
        n_examples = int(examples[:, i].sum())
        report.append(KeywordTopic(topic.slug, n_examples, n_conflicts, unheard, 0.0, 0, (), bool(learnable[i])))
        if not learnable[i]:
            others = (counted & ~target)[:, i].sum()
            warnings.warn(
                f"topic {topic.slug!r}: the keywords make examples of {n_examples} articles and counter-"
                f"examples of {others}; with fewer than {FEWEST} of either it will be said of no article; give more "
                "keywords or more articles",
                stacklevel=2,
            )
            continue
        masked = Space(_without(rows, vectorizer, spoken[i][0].values()), vectorizer, background)
        *_, decision = learn(masked, target[:, [i]], counted[:, [i]], folds, C)
        slope, offset = fit_sigmoid(decision[counted[:, i], 0], target[counted[:, i], i])
        probability = sigmoid(slope * decision[:, 0] + offset)
        clear = examples[:, i] | none[:, i]
        likely = probability >= fit_thresholds(probability[:, None], examples[:, [i]], clear[:, None])[0]
        agreement = _f1(likely[clear], examples[clear, i])
        report[i] = replace(report[i], agreement=round(agreement, 3))
        # A weak vote that the rest of the article bears out makes an example; where no keyword stands, it is no longer
        # taken for granted that the article is about something else.
        target[:, i] |= likely & voted[:, i]
        counted[:, i] = target[:, i] | (against[:, i] > for_[:, i]) | (none[:, i] & ~likely)

    whole = Space(rows, vectorizer, background)
    coef, intercept, decision = learn(whole, target[:, learnable], counted[:, learnable], folds, C)
    for i, weights, bias, values in zip(np.flatnonzero(learnable).tolist(), coef.T, intercept, decision.T, strict=True):
        model.coef_[:, i], model.intercept_[i] = weights.astype(np.float16), bias
        use = is_sample if target[is_sample, i].sum() >= 2 * FEWEST else np.ones_like(is_sample)
        slope, offset = fit_sigmoid(values[use], target[use, i])
        probability = sigmoid(slope * values + offset)
        threshold = choose_thresholds(probability[use, None], target[use][:, [i]], np.ones((use.sum(), 1), bool))[0]
        model.slope_[i], model.offset_[i], model.thresholds_[i] = slope, offset, threshold
        found = np.flatnonzero(none[:, i] & (probability >= threshold))
        surest = found[np.argsort(-probability[found])][:5].tolist()
        doubtful = [j for j in np.argsort(np.abs(probability - threshold)).tolist() if none[j, i]][:5]
        names = (given[j].id or " ".join((given[j].title or given[j].text).split())[:60] for j in surest + doubtful)
        report[i] = replace(report[i], found=len(found), check=tuple(dict.fromkeys(names)))
    model.reference_ = describe(model, [article for article, drawn in zip(given, is_sample, strict=True) if drawn])
    return beside.beside(model) if beside is not None else model, report


def _f1(said: Bools, right: Bools) -> float:
    return float(2 * (said & right).sum() / max(said.sum() + right.sum(), 1))


def _bar(votes: Floats) -> float:
    bar = STRONG[0]
    for higher in STRONG[1:]:
        if (votes >= bar).mean() > RARE and (votes >= higher).sum() >= ENOUGH:
            bar = higher
    return bar


def _votes(
    articles: Sequence[Article], spoken: Sequence[tuple[dict[str, Phrase], dict[str, Phrase]]]
) -> tuple[Floats, Floats, set[str]]:
    """Return the votes for and against each topic in each article, and the keywords that stood somewhere."""
    stem = default_stemmer().stem
    words = {s for pair in spoken for side in pair for phrase in side.values() for s in phrase}
    for_, against = np.zeros((2, len(articles), len(spoken)))
    heard: set[str] = set()
    for row, article in enumerate(articles):
        title, text = ([s for s in map(stem, surfaces(part)) if s] for part in cleaned_fields(article))
        if words.isdisjoint(title) and words.isdisjoint(text):
            continue
        for column, (keywords, counter) in enumerate(spoken):
            votes = vote(title, text, keywords)
            heard.update(votes)
            for_[row, column] = sum(votes.values())
            against[row, column] = sum(vote(title, text, counter).values())
    return for_, against, heard


def _without(rows: Any, vectorizer: TopicVectorizer, keywords: Iterable[Phrase]) -> Any:
    """Return the rows without the keywords: their stems, pairs with such a stem, and the pairs within a phrase."""
    stems = {stem: i for i, stem in enumerate(vectorizer.stems_)}
    single = np.zeros(len(stems), bool)
    pairs: set[int] = set()
    for phrase in keywords:
        if len(phrase) == 1 and phrase[0] in stems:
            single[stems[phrase[0]]] = True
        for a, b in pairwise(phrase):
            if a in stems and b in stems:
                pairs.add(stems[a] * len(stems) + stems[b])
    left, right = np.divmod(vectorizer.pair_keys_, len(stems))
    hidden = np.concatenate([single, single[left] | single[right] | np.isin(vectorizer.pair_keys_, list(pairs))])
    columns = vectorizer.columns_[:, hidden]
    masked = rows.copy()
    masked.data[np.isin(masked.indices, columns[columns >= 0])] = 0
    masked.eliminate_zeros()
    return masked
