"""Turns decision values into probabilities, and finds the probability from which on a topic is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]


def sigmoid(x: Floats) -> npt.NDArray[np.float64]:
    """Return 1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, np.float64))))


def fit_sigmoid(decision: Floats, target: Bools) -> tuple[float, float]:
    """Fit probability = sigmoid(slope * decision + offset) by Platt's method.

    Newton's method with backtracking on the cross-entropy to targets drawn in from 0 and 1
    (Platt 1999; Lin, Lin & Weng 2007, "A note on Platt's probabilistic outputs for support vector machines").

    Parameters
    ----------
    decision : ndarray of shape (n_articles,)
        Decision values of articles that the classifier was not fitted on.
    target : ndarray of shape (n_articles,), bool

    Returns
    -------
    slope, offset : float
        The slope is never negative: a higher decision value never means less.
    """
    positives = int(target.sum())
    negatives = len(target) - positives
    soft = np.where(target, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    x = np.column_stack([decision, np.ones(len(decision))]).astype(np.float64)

    def loss(parameters: npt.NDArray[np.float64]) -> float:
        margin = x @ parameters
        return float(np.sum(np.logaddexp(0, margin) - soft * margin))

    parameters = np.array([0.0, np.log((positives + 1) / (negatives + 1))])
    current = loss(parameters)
    for _ in range(100):
        p = sigmoid(x @ parameters)
        gradient = x.T @ (p - soft)
        if np.abs(gradient).max() < 1e-6:
            break
        hessian = (x * (p * (1 - p))[:, None]).T @ x + 1e-10 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-10 and loss(parameters - size * step) >= current:
            size /= 2
        if size <= 1e-10:
            break
        parameters = parameters - size * step
        current = loss(parameters)
    if parameters[0] < 0:
        return 0.0, float(np.log((positives + 1) / (negatives + 1)))
    return float(parameters[0]), float(parameters[1])


def best_threshold(probability: Floats, target: Bools, *, prior: float = 0.4, strength: float = 20.0) -> float:
    """Return the probability from which on saying the topic gives the best F1, drawn towards a common one.

    The threshold of a topic with few examples is an accident of these examples; it is averaged with `prior`
    in the ratio of its positives to `strength`.

    Parameters
    ----------
    probability : ndarray of shape (n_articles,)
        Calibrated, out of fold.
    target : ndarray of shape (n_articles,), bool
    prior : float, default 0.4
        The common threshold.
    strength : float, default 20.0
        Positives at which the topic's own threshold and the common one count alike.
    """
    positives = int(target.sum())
    if positives == 0:
        return prior
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    hits = np.cumsum(target[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + positives)
    f1[:-1][ranked[:-1] == ranked[1:]] = 0  # equal probabilities are said together or not at all
    last = int(np.argmax(f1))
    following = ranked[last + 1] if last + 1 < len(ranked) else 0.0
    own = float(ranked[last] + following) / 2
    return (positives * own + strength * prior) / (positives + strength)


def expected_calibration_error(probability: Floats, target: Bools, *, n_bins: int = 15) -> float:
    """Return the mean gap between probability and frequency over bins of equal width (Naeini et al. 2015)."""
    bins = np.minimum((probability * n_bins).astype(int), n_bins - 1).ravel()
    gap = np.bincount(bins, probability.ravel() - target.ravel(), n_bins)
    return float(np.abs(gap).sum() / max(probability.size, 1))
