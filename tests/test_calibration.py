"""Probabilities from decision values, thresholds, and the measure of how well they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beritaclass.calibration import expected_calibration_error, fit_sigmoid, fit_thresholds, reached, sigmoid

RNG = np.random.default_rng(0)


def test_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (3.0, -2.0), (0.5, 1.5)])
def test_platt_finds_the_sigmoid_that_drew_the_targets(slope: float, offset: float) -> None:
    decision = RNG.normal(size=20_000)
    target = RNG.random(20_000) < sigmoid(slope * decision + offset)
    found = fit_sigmoid(decision, target)
    assert found == pytest.approx((slope, offset), abs=0.12)


def test_platt_agrees_with_scikit_learn() -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    decision = RNG.normal(size=500)
    target = RNG.random(500) < sigmoid(2 * decision - 1)
    reference = calibration._SigmoidCalibration().fit(decision, target)
    slope, offset = fit_sigmoid(decision, target)
    grid = np.linspace(-3, 3, 50)
    assert sigmoid(slope * grid + offset) == pytest.approx(reference.predict(grid), abs=1e-4)


@given(st.lists(st.tuples(st.floats(-50, 50), st.booleans()), max_size=40))
def test_platt_never_falls_with_the_decision_and_is_finite(pairs: list[tuple[float, bool]]) -> None:
    decision = np.array([d for d, _ in pairs])
    slope, offset = fit_sigmoid(decision, np.array([t for _, t in pairs], bool))
    assert slope >= 0
    assert np.isfinite([slope, offset]).all()


def test_thresholds_find_the_best_f1_of_a_common_topic_and_lean_to_the_common_one_for_a_rare_one() -> None:
    probability = np.repeat(np.linspace(0, 1, 2001)[:, None], 3, axis=1)
    target = probability >= np.array([0.3, 0.6, 0.999])
    found = fit_thresholds(probability, target, np.ones_like(target))
    assert found[0] == pytest.approx(0.3, abs=0.03)
    assert found[1] == pytest.approx(0.6, abs=0.03)
    assert 0.3 <= found[2] <= 0.75
    alone = fit_thresholds(probability, target, np.ones_like(target), strength=0.0)
    assert alone[2] >= found[2]


def test_thresholds_leave_out_what_does_not_count() -> None:
    probability = np.linspace(0, 1, 1001)[:, None]
    target = probability >= 0.4
    wrong = target.copy()
    wrong[::3] = ~wrong[::3]
    counted = np.ones_like(target)
    counted[::3] = False
    assert fit_thresholds(probability, wrong, counted) == pytest.approx([0.4], abs=0.03)


def test_thresholds_of_a_topic_that_is_never_there_are_the_common_one() -> None:
    probability = np.linspace(0, 1, 1001)[:, None].repeat(2, axis=1)
    target = probability >= np.array([0.5, 2.0])
    common, never = fit_thresholds(probability, target, np.ones_like(target))
    assert never == pytest.approx(common, abs=0.05)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 12))
def test_what_a_topic_needs_goes_by_its_place(seed: int, n_topics: int, n_articles: int) -> None:
    rng = np.random.default_rng(seed)
    probability = rng.random((n_articles, n_topics))
    threshold = rng.uniform(0.3, 0.8, n_topics)
    placed = rng.random(n_topics) < 0.7
    shares = np.where(placed, np.array([[0.5], [0.9], [1.2]]), 1.0)
    said = reached(probability, threshold, shares)
    for i in range(n_articles):
        by_share = sorted(np.flatnonzero(placed), key=lambda t: -probability[i, t] / threshold[t])
        for place, topic in enumerate(by_share):
            assert said[i, topic] == (probability[i, topic] / threshold[topic] >= (0.5, 0.9, 1.2)[min(place, 2)])
        for topic in np.flatnonzero(~placed):
            assert said[i, topic] == (probability[i, topic] >= threshold[topic])


def test_without_shares_only_thresholds_count() -> None:
    probability = RNG.random((50, 4))
    assert (reached(probability, np.full(4, 0.9), np.ones((3, 4))) == (probability >= 0.9)).all()


def test_calibration_error() -> None:
    probability = np.repeat([0.25, 0.75], 100)
    right = np.concatenate([np.arange(100) < 25, np.arange(100) < 75])
    assert expected_calibration_error(probability, right) == pytest.approx(0.0, abs=1e-12)
    assert expected_calibration_error(probability, ~right) == pytest.approx(0.5)
    assert expected_calibration_error(np.empty(0), np.empty(0, bool)) == 0.0
