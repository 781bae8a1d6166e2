"""Probabilities from decision values, thresholds, and the measure of how well they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beritaclass.calibration import best_threshold, expected_calibration_error, fit_sigmoid, sigmoid

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


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), min_size=1, max_size=60))
def test_the_best_threshold_is_best(pairs: list[tuple[float, bool]]) -> None:
    probability = np.array([p for p, _ in pairs])
    target = np.array([t for _, t in pairs], bool)
    if not target.any():
        return

    def f1(threshold: float) -> float:
        said = probability >= threshold
        return float(2 * (said & target).sum() / (said.sum() + target.sum()))

    found = best_threshold(probability, target, strength=0.0)
    assert f1(found) == pytest.approx(max(f1(t) for t in (0.0, 0.2, 0.4, 0.6, 0.8)))


def test_the_threshold_of_a_rare_topic_is_drawn_to_the_common_one() -> None:
    probability = np.linspace(0, 1, 101)
    rare, common = probability > 0.985, probability > 0.25
    assert best_threshold(probability, rare, prior=0.4, strength=20) == pytest.approx(0.4, abs=0.08)
    assert best_threshold(probability, common, prior=0.4, strength=20) < 0.32
    assert best_threshold(probability, np.zeros(101, bool)) == 0.4


def test_calibration_error() -> None:
    probability = np.repeat([0.25, 0.75], 100)
    right = np.concatenate([np.arange(100) < 25, np.arange(100) < 75])
    assert expected_calibration_error(probability, right) == pytest.approx(0.0, abs=1e-12)
    assert expected_calibration_error(probability, ~right) == pytest.approx(0.5)
    assert expected_calibration_error(np.empty(0), np.empty(0, bool)) == 0.0
