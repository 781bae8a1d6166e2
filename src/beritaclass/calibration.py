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


def reached(probability: Floats, threshold: Floats, shares: Floats) -> Bools:
    """Return which topics are said.

    Whether a topic is likely depends on how many others an article has: hardly one is about nothing, few are about many
    things. So the topic that comes nearest to its threshold, or goes beyond it furthest, needs a share of it only, the
    second another one, and each further topic perhaps more than all of it.

    Parameters
    ----------
    probability : ndarray of shape (n_articles, n_topics)
    threshold : ndarray of shape (n_topics,)
    shares : ndarray of shape (n_places, n_topics)
        Share of its threshold that a topic needs at each place, the last one for all places from there on. Topics that
        need just their threshold at all of them take no place.

    Returns
    -------
    ndarray of shape (n_articles, n_topics), bool
    """
    said = probability >= threshold
    placed = np.flatnonzero((shares != 1).any(axis=0))
    if placed.size:
        share = probability[:, placed] / np.maximum(threshold[placed], 1e-9)
        *needed, further = shares[:, placed]
        enough = share >= further
        article = np.arange(len(share))
        for need in needed[: placed.size]:
            nearest = share.argmax(axis=1)
            enough[article, nearest] = share[article, nearest] >= need[nearest]
            share[article, nearest] = -1
        said[:, placed] = enough
    return said


GRID = np.arange(0.15, 0.75, 0.01)
"""Thresholds that are tried."""


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


def fit_thresholds(probability: Floats, target: Bools, counted: Bools, *, strength: float = 30.0) -> Floats:
    """Return the probability of each topic from which on saying it gives the best F1, drawn towards a common one.

    The threshold of a topic with few examples is an accident of these examples: the curve of its F1 is smoothed, and
    the best point averaged with the threshold that gives the best mean F1 of all topics, in the ratio of the topic's
    positives to `strength`.

    Parameters
    ----------
    probability : ndarray of shape (n_articles, n_topics)
        Calibrated, out of fold.
    target, counted : ndarray of shape (n_articles, n_topics), bool
        The right topics, and which pairs of article and topic count.
    strength : float, default 30.0
        Positives at which the topic's own threshold and the common one count alike.

    Returns
    -------
    ndarray of shape (n_topics,), float64
    """
    positives = (target & counted).sum(axis=0)
    hits, said = np.empty((2, len(GRID), len(positives)))
    for i, threshold in enumerate(GRID):
        above = (probability >= threshold) & counted
        hits[i], said[i] = (above & target).sum(axis=0), above.sum(axis=0)
    f1 = 2 * hits / np.maximum(said + positives, 1)
    common = _best(GRID, f1.mean(axis=1, keepdims=True))
    window = np.exp(-0.5 * (np.arange(-8, 9) / 3) ** 2)
    padded = np.pad(f1, ((8, 8), (0, 0)), mode="edge")
    smooth = np.apply_along_axis(np.convolve, 0, padded, window / window.sum(), mode="valid")
    own = _best(GRID, smooth)
    return np.asarray((positives * own + strength * common) / (positives + strength))


def choose_thresholds(probability: Floats, target: Bools, counted: Bools, *, trusted: float = 200.0) -> Floats:
    """Return thresholds for topics with few examples: those of `fit_thresholds` drawn towards the expected ones.

    Labelled articles are seldom drawn like those to come: a topic is mostly rarer there, and a threshold that a few
    examples chose is too low.

    Parameters
    ----------
    probability, target, counted
        As `fit_thresholds` takes them.
    trusted : float, default 200.0
        Positives at which the two count alike.
    """
    chosen = fit_thresholds(probability, target, counted)
    expected = np.array([expected_threshold(p[use]) for p, use in zip(probability.T, counted.T, strict=True)])
    expected = np.maximum(expected, GRID[0])
    positives = (target & counted).sum(axis=0)
    return np.asarray((positives * chosen + trusted * expected) / (positives + trusted))


def expected_threshold(probability: Floats) -> float:
    """Return the threshold of the best F1 that can be expected if the probabilities are right (Lipton et al. 2014).

    It looks at no label, so that it serves where these are too few to choose a threshold by.

    Parameters
    ----------
    probability : ndarray of shape (n_articles,)
        Calibrated, out of fold.
    """
    falling = np.sort(probability)[::-1]
    f1 = 2 * np.cumsum(falling) / (np.arange(1, len(falling) + 1) + falling.sum())
    last = int(f1.argmax())
    # Where a wide gap parts the articles, its middle is that of their decision values.
    around = np.clip(falling[last : last + 2], 1e-9, 1 - 1e-9)
    return float(sigmoid(np.log(around / (1 - around)).mean()))


def _best(grid: Floats, f1: Floats) -> Floats:
    """Return the point of the highest F1 in each column; of a plateau, its middle."""
    highest = f1 >= f1.max(axis=0) - 1e-9
    return np.asarray((grid[:, None] * highest).sum(axis=0) / highest.sum(axis=0))


def expected_calibration_error(probability: Floats, target: Bools, *, n_bins: int = 15) -> float:
    """Return the mean gap between probability and frequency over bins of equal width (Naeini et al. 2015)."""
    bins = np.minimum((probability * n_bins).astype(int), n_bins - 1).ravel()
    gap = np.bincount(bins, probability.ravel() - target.ravel(), n_bins)
    return float(np.abs(gap).sum() / max(probability.size, 1))
