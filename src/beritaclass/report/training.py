"""What a model that was just trained can say of itself: its figures in cross-validation, and its card."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from beritaclass.article import Article
from beritaclass.calibration import choose_thresholds
from beritaclass.classifier import TopicClassifier, indicator
from beritaclass.evaluation import Comparison, Evaluation, score
from beritaclass.keywords import KeywordTopic

N_PARTS = 5


def cross_validated(model: TopicClassifier, articles: Sequence[Article]) -> Evaluation:
    """Measure a model on the labelled articles that it was just fitted on, each judged without having been seen.

    Thresholds are those that the other articles give, so that they do not flatter either.

    Parameters
    ----------
    model : TopicClassifier
        Fitted, with its `out_of_fold_`; of topics that were added beside others only these are measured.
    articles : sequence of Article
        Those it was fitted on, with their topics.
    """
    learned = ~np.isnan(model.out_of_fold_).any(axis=0)
    classes, probability = model.classes_[learned], model.out_of_fold_[:, learned]
    topics = [model.taxonomy.closure(a.topics or ()) if model.taxonomy else a.topics or () for a in articles]
    target = indicator(topics, classes)
    counted = ~indicator([a.unsure for a in articles], classes) | target
    part = np.random.default_rng(0).permutation(len(articles)) % N_PARTS
    said = np.empty(target.shape, bool)
    for i in range(N_PARTS):
        here = part == i
        said[here] = probability[here] >= choose_thresholds(probability[~here], target[~here], counted[~here])
    said[:, model.thresholds_[learned] == 1] = False  # that it could not learn and never says
    return score(Comparison(tuple(classes.tolist()), articles, probability, said, target, counted), n_resamples=200)


def training_card(model: TopicClassifier, evaluation: Evaluation, learned_from: str) -> str:
    """Return the card of one's own model, as Markdown.

    Parameters
    ----------
    model : TopicClassifier
    evaluation : Evaluation
        What `cross_validated` found.
    learned_from : str
        What it was learned from, in a sentence.
    """
    threshold = dict(zip(model.classes_.tolist(), model.thresholds_.tolist(), strict=True))
    rows = "".join(
        f"| {t.topic} | {t.support} | {t.precision:.2f} | {t.recall:.2f} "
        f"| {t.f1:.2f} ({t.f1_low:.2f} - {t.f1_high:.2f}) | {threshold[t.topic]:.2f} |\n"
        for t in evaluation.topics
    )
    few = [t.topic for t in evaluation.topics if t.support < 20]
    rest = sorted(set(model.classes_.tolist()) - {t.topic for t in evaluation.topics})
    return CARD.format(
        n_topics=len(model.classes_),
        n_columns=len(model.coef_),
        learned_from=learned_from,
        macro=evaluation.macro_f1,
        micro=evaluation.micro_f1,
        error=evaluation.calibration_error,
        rows=rows,
        few=f"\nFewer than 20 articles, so guesses: {', '.join(few)}.\n" if few else "",
        rest=f"\nTaken over unchanged from another model, see its card: {', '.join(rest)}.\n" if rest else "",
    )


def keywords_card(model: TopicClassifier, report: Sequence[KeywordTopic], learned_from: str) -> str:
    """Return the card of a model that was learned from keywords, as Markdown; `report` is what `fit_keywords` gave."""
    rows = "".join(
        f"| {t.topic} | {t.examples} | {t.conflicts} | {t.agreement:.2f} | {t.found} | {', '.join(t.unheard)} |\n"
        for t in report
    )
    read = "".join(f"- {t.topic}: {', '.join(t.check)}\n" for t in report if t.check)
    rest = sorted(set(model.classes_.tolist()) - {t.topic for t in report})
    return KEYWORDS_CARD.format(
        n_topics=len(model.classes_),
        n_columns=len(model.coef_),
        learned_from=learned_from,
        rows=rows,
        read=read,
        rest=f"\nTaken over unchanged from another model, see its card: {', '.join(rest)}.\n" if rest else "",
    )


KEYWORDS_CARD = """# A beritaclass model

{n_topics} topics, linear, {n_columns:,} columns. {learned_from}

## How right

Nobody labelled an article, so nobody knows. *Agreement* is the F1 at which a model that may not see the keywords finds
the articles in which they stand, each from the others: it tells how well the keywords hang together. To know more, read
the articles below, or label what `beritaclass review` picks.

| topic | examples | conflicts | agreement | found without a keyword | keywords in no article |
|---|---|---|---|---|---|
{rows}
To read, articles without a keyword, the surest and the most doubtful:

{read}{rest}"""


CARD = """# A beritaclass model

{n_topics} topics, linear, {n_columns:,} columns. {learned_from}

## How right

Each article was judged by a model and with thresholds that had not seen it. That tells how the model does on articles
drawn like these, not on others: measure it with `beritaclass evaluate` on articles of the dump it is to tag.

macro-F1 {macro:.3f}, micro-F1 {micro:.3f}, calibration error {error:.3f}

| topic | articles | precision | recall | F1 (95 % interval) | threshold |
|---|---|---|---|---|---|
{rows}{few}{rest}"""
