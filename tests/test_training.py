"""The tool that trains the shipped model: its shortcuts give what the long way gives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beritaclass as bc
from beritaclass._resources import data_path
from beritaclass.classifier import indicator
from beritaclass.taxonomy import news_taxonomy

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def tool() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import train_model

        yield train_model
    finally:
        sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def learner(tool: Any) -> Any:
    articles = list(bc.read_articles(data_path("examples.jsonl")))
    classes = np.array(sorted(topic.slug for topic in news_taxonomy()))
    target = indicator([article.topics or () for article in articles], classes)
    counted = np.random.default_rng(0).random(target.shape) > 0.05
    vectorizer = bc.TopicVectorizer().fit(articles)
    vectors = np.random.default_rng(1).normal(size=(len(vectorizer.stems_), 8)).astype(np.float32)
    n = len(articles)
    labelled = tool.Labelled(np.arange(n), target, counted, np.ones(n, bool))
    return tool.Learner(vectorizer.transform(articles), vectorizer, vectors, labelled)


@pytest.mark.parametrize("largest", [10, 33, 64, 100])
def test_inverting_by_blocks_is_inverting(tool: Any, monkeypatch: pytest.MonkeyPatch, largest: int) -> None:
    points = np.random.default_rng(2).normal(size=(100, 60)).astype(np.float32)
    matrix = points @ points.T / 60 + 0.3 * np.eye(100, dtype=np.float32)
    monkeypatch.setattr(tool, "LARGEST", largest)
    inverse = tool.inverted(matrix.copy())
    assert np.allclose(inverse, np.linalg.inv(matrix.astype(float)), atol=1e-4)
    assert np.allclose(inverse, inverse.T, atol=1e-6)


def test_what_is_left_out_gets_what_learning_from_the_others_gives(tool: Any, learner: Any) -> None:
    labelled = learner.labelled
    left = np.array([3, 10, 11, 57])
    here = np.setdiff1d(np.arange(len(labelled.row)), left)
    inner = np.linalg.inv(learner.inverse.astype(float))
    others, beside = inner[np.ix_(here, here)], inner[np.ix_(left, here)]

    value = np.where(labelled.counted, labelled.target, tool.UNSURE_TARGET)[here]
    mean = value.mean(axis=0)
    for _ in range(tool.N_ROUNDS):
        dual = np.linalg.solve(others, value - mean)
        got = value - tool.RIDGE * dual
        beyond = np.where(labelled.target[here], np.maximum(got, 1), np.minimum(got, 0))
        value = np.where(labelled.counted[here], beyond, tool.UNSURE_TARGET)

    assert np.allclose(learner.learn(left)[2], beside @ dual + mean, atol=1e-3)


def test_the_weights_give_the_decision_values_that_were_learned(tool: Any, learner: Any) -> None:
    dual, mean, _ = learner.learn(np.empty(0, np.intp))
    inner = np.linalg.inv(learner.inverse.astype(float))
    inner[np.diag_indices_from(inner)] -= tool.RIDGE
    weights = learner.weights()
    assert np.allclose(learner.rows @ weights.coef + weights.intercept, inner @ dual + mean, atol=1e-3)
