"""The page that shows how right a model is: figures, calibration, curves, confused topics, surest errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from beritaclass.classifier import TopicClassifier
from beritaclass.evaluation import Comparison, Evaluation
from beritaclass.report import plots
from beritaclass.report.page import render


def evaluation_page(
    model: TopicClassifier,
    comparison: Comparison,
    evaluation: Evaluation,
    *,
    title: str,
    groups: Mapping[str, Evaluation] | None = None,
) -> str:
    """Return the page of an evaluation.

    Parameters
    ----------
    model : TopicClassifier
        Explains its worst errors.
    comparison : Comparison
    evaluation : Evaluation
        The measures of the same comparison.
    title : str
        What was evaluated on.
    groups : mapping of str to Evaluation, optional
        The measures of each publisher, or each year.
    """
    counted, said = comparison.counted, comparison.said
    return render(
        "evaluation.html",
        title=title,
        evaluation=evaluation,
        groups=groups or {},
        topics=sorted(evaluation.topics, key=lambda topic: -topic.f1),
        reliability_all=plots.reliability(comparison.probability[counted], comparison.target[counted]),
        reliability_said=plots.reliability(comparison.probability[counted & said], comparison.target[counted & said]),
        precision_recall=plots.precision_recall(_curves(comparison, evaluation)),
        confused=confused_pairs(comparison)[:25],
        errors=_worst_errors(model, comparison, 24),
    )


def confused_pairs(comparison: Comparison) -> list[tuple[str, str, int]]:
    """Return (right, said instead, articles): how often a topic was missed where another was wrongly said."""
    missed = comparison.target & ~comparison.said & comparison.counted
    false = comparison.said & ~comparison.target & comparison.counted
    pairs: Counter[tuple[str, str]] = Counter()
    for i in np.flatnonzero(missed.any(axis=1) & false.any(axis=1)):
        for a in np.flatnonzero(missed[i]):
            for b in np.flatnonzero(false[i]):
                pairs[comparison.classes[a], comparison.classes[b]] += 1
    return [(a, b, n) for (a, b), n in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))]


def _curves(comparison: Comparison, evaluation: Evaluation) -> list[Any]:
    curves = []
    for j, topic in enumerate(evaluation.topics):
        counts = comparison.counted[:, j]
        order = np.argsort(-comparison.probability[counts, j], kind="stable")
        hits = np.cumsum(comparison.target[counts, j][order])
        if topic.support:
            precision = hits / np.arange(1, len(hits) + 1)
            name = f"{topic.topic} ({topic.support})"
            curves.append((name, hits / topic.support, precision, topic.recall, topic.precision))
    return curves


def _worst_errors(model: TopicClassifier, comparison: Comparison, n: int) -> list[dict[str, Any]]:
    """Describe the surest errors, no article twice."""
    gap = (
        np.abs(comparison.probability - comparison.target) * (comparison.said != comparison.target) * comparison.counted
    )
    worst = sorted(range(len(gap)), key=lambda i: -gap[i].max())[:n]
    names = np.array(comparison.classes)
    described = []
    for i in (i for i in worst if gap[i].max() > 0):
        j = int(gap[i].argmax())
        explanation = model.explain(comparison.articles[i], comparison.classes[j])
        speaking = sorted(explanation.contributions, key=lambda c: -c.value if comparison.said[i, j] else c.value)
        described.append(
            {
                "id": comparison.articles[i].id,
                "title": comparison.articles[i].title or explanation.text[:90],
                "topic": comparison.classes[j],
                "said": bool(comparison.said[i, j]),
                "probability": float(comparison.probability[i, j]),
                "right": names[comparison.target[i]].tolist(),
                "tags": names[comparison.said[i]].tolist(),
                "reasons": [(c.term, c.value) for c in speaking[:6]],
            }
        )
    return described
