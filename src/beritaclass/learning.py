"""Learns linear weights from labelled articles, helped by what a large corpus knows of words.

All topics are learned at once by ridge regression on 0 and 1, solved in the dual (Saunders, Gammerman & Vovk 1998): one
inverse gives the weights and, exactly, what each article would have got from the others (Cawley & Talbot 2003), so that
cross-validation costs next to nothing. Beside the words stand their latent dimensions: a word that no labelled article
holds is taken for those it keeps company with. Both are linear, so the model stays one weight a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from beritaclass._resources import data_path
from beritaclass.vectorizer import FIELDS, TopicVectorizer

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

BIAS = 1.0
"""Inner product of any two articles on top of their words': the intercept's."""
LATENT = 0.25
"""Part of the latent dimensions in the inner products; the rest is the words'."""
MOST_ARTICLES = 12_000
"""Of more articles the matrix of inner products is not written down (4 bytes times their square)."""


@dataclass(frozen=True)
class Background:
    """What a large corpus knows of stems.

    Parameters
    ----------
    stems : list of n_stems str, ascending
    idf : ndarray of shape (n_stems,), float32
        Inverse document frequency, ln((1 + n) / (1 + df)) + 1.
    vectors : ndarray of shape (n_stems, n_dimensions), float32
        Stems that keep the same company point the same way; nearly zero for those that stand everywhere.
    """

    stems: list[str]
    idf: Floats
    vectors: Floats

    @cached_property
    def number(self) -> dict[str, int]:
        """Number of each stem."""
        return {stem: i for i, stem in enumerate(self.stems)}


def write_background(path: Path, stems: Sequence[str], idf: Floats, vectors: Floats) -> None:
    """Write a background as arrays that hold no objects: vectors as int8, each with its own scale."""
    scale = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-9) / 127
    np.savez(
        path,
        stems=np.frombuffer("\n".join(stems).encode(), np.uint8),
        idf=np.asarray(idf, np.float16),
        vectors=np.round(vectors / scale).astype(np.int8),
        scale=scale[:, 0].astype(np.float32),
    )


@lru_cache(maxsize=1)
def news_background() -> Background:
    """Return what the corpus behind the shipped model knows of stems; made by tools/build_background.py."""
    with np.load(data_path("background.npz"), allow_pickle=False) as file:
        vectors = file["vectors"] * file["scale"][:, None]
        return Background(file["stems"].tobytes().decode().split("\n"), file["idf"].astype(np.float32), vectors)


def widen(vectorizer: TopicVectorizer, background: Background) -> TopicVectorizer:
    """Give a fitted vectoriser the background's stems, in every field, and its document frequencies.

    Stems that stand in more of the background's articles than `max_df` are left out. What the background does not know
    is taken for as rare as its rarest stem.
    """
    number = background.number
    stop = 1 - np.log(vectorizer.max_df) if vectorizer.max_df > 0 else np.inf
    common = {stem for stem, idf in zip(background.stems, background.idf.tolist(), strict=True) if idf < stop}
    stems = sorted((set(vectorizer.stems_) | set(background.stems)) - common)
    place = {stem: i for i, stem in enumerate(stems)}
    moved = np.array([place.get(stem, -1) for stem in vectorizer.stems_])
    left, right = (moved[part] for part in np.divmod(vectorizer.pair_keys_, len(moved)))
    kept = (left >= 0) & (right >= 0)
    pairs = np.sort(left[kept] * len(stems) + right[kept])

    rarest = float(background.idf.max())
    idf = np.array([background.idf[number[stem]] if stem in number else rarest for stem in stems], np.float32)
    # Two words side by side are rarer than either; how much rarer, only a corpus could tell.
    terms = np.concatenate([idf, np.full(len(pairs), rarest, np.float32)])
    columns = np.arange(len(FIELDS) * len(terms), dtype=np.int32).reshape(len(FIELDS), -1)
    widened = TopicVectorizer(**vectorizer.get_params())
    return widened.set_vocabulary(stems, pairs, columns, np.tile(terms, len(FIELDS)))


class Space:
    """Labelled articles as points: their words, and the latent dimensions that fold back into the words.

    Parameters
    ----------
    rows : csr_array of shape (n_articles, n_columns)
    vectorizer : TopicVectorizer
        The one that made the rows.
    background : Background or None
        None for words only.

    Attributes
    ----------
    latent : ndarray of shape (n_articles, n_dimensions), float32
        Their share of an article's inner product with itself is `LATENT` in the mean.
    """

    def __init__(self, rows: csr_array, vectorizer: TopicVectorizer, background: Background | None) -> None:
        self.rows = rows
        self.scale = float(rows.multiply(rows).sum() / max(rows.shape[0], 1)) or 1.0
        self.latent = np.zeros((rows.shape[0], 0), np.float32)
        if background is not None:
            self._stem_of = _stem_of(vectorizer, background)
            latent = (rows @ self._stem_of) @ background.vectors
            mean_square = float((latent * latent).sum(axis=1).mean())
            wanted = self.scale * LATENT / (1 - LATENT)
            self._vectors = background.vectors * np.float32(np.sqrt(wanted / mean_square) if mean_square else 1)
            self.latent = (rows @ self._stem_of) @ self._vectors
            self.scale += wanted

    def inner_products(self) -> Floats:
        """Return those of every two articles, 1 in the mean for an article with itself, and the bias on top."""
        return np.asarray(((self.rows @ self.rows.T).toarray() + self.latent @ self.latent.T) / self.scale + BIAS)

    def apply(self, dual: Floats) -> Floats:
        """Return the inner products times `dual`, without writing them down."""
        words = self.rows @ (self.rows.T @ dual)
        return np.asarray((words + self.latent @ (self.latent.T @ dual)) / self.scale + BIAS * dual.sum(axis=0))

    def weights(self, dual: Floats) -> tuple[Floats, Floats]:
        """Return the weight of each column, shape (n_columns, n_topics), and the intercepts."""
        dual = np.asarray(dual, np.float32)
        coef = self.rows.T @ dual
        if self.latent.shape[1]:
            coef = coef + self._stem_of @ (self._vectors @ (self.latent.T @ dual))
        return np.asarray(coef / self.scale, np.float32), BIAS * dual.sum(axis=0, dtype=np.float64)


def learn(
    space: Space, target: Bools, counted: Bools, folds: Sequence[Ints], C: float
) -> tuple[Floats, Floats, Floats]:
    """Learn all topics, and what each article would get from a model without its fold.

    Parameters
    ----------
    space : Space
    target, counted : ndarray of shape (n_articles, n_topics), bool
        The right topics; which pairs of article and topic count. A pair that does not has no influence at all.
    folds : sequence of ndarray of int
        Rows of the articles that are left out together; each article stands in one.
    C : float
        Inverse strength of the regularisation.

    Returns
    -------
    coef : ndarray of shape (n_columns, n_topics), float32
    intercept : ndarray of shape (n_topics,), float64
    out_of_fold : ndarray of shape (n_articles, n_topics), float64
        Decision values.
    """
    values = target.astype(np.float64)
    n, seconds_a_step = len(values), 4e-9 * space.rows.nnz * values.shape[1]
    if n > MOST_ARTICLES or n**3 / 1e10 > 40 * (len(folds) + 1) * seconds_a_step + 1:
        return _learn_iteratively(space, values, counted, folds, C)
    from scipy.linalg import solve

    inner = space.inner_products().astype(np.float64)
    inner[np.diag_indices_from(inner)] += 1 / C
    inverse = _inverse(inner)
    dual = inverse @ values
    out_of_fold = np.empty_like(values)
    whole = counted.all(axis=0)
    for fold in folds:
        block = inverse[np.ix_(fold, fold)]
        out_of_fold[np.ix_(fold, whole)] = values[np.ix_(fold, whole)] - solve(
            block, dual[np.ix_(fold, whole)], assume_a="pos"
        )
    for topic in np.flatnonzero(~whole):
        # An article has no influence where its dual coefficient is 0: put its target where that is so.
        for fold in folds:
            out = np.union1d(fold, np.flatnonzero(~counted[:, topic]))
            error = solve(inverse[np.ix_(out, out)], dual[out, topic], assume_a="pos")
            out_of_fold[fold, topic] = values[fold, topic] - error[np.searchsorted(out, fold)]
        out = np.flatnonzero(~counted[:, topic])
        error = solve(inverse[np.ix_(out, out)], dual[out, topic], assume_a="pos")
        dual[:, topic] -= inverse[:, out] @ error
        dual[out, topic] = 0
    return *space.weights(dual), out_of_fold


def _inverse(inner: Floats) -> Floats:
    """Invert a symmetric positive definite matrix, overwriting it; a third of the work of a general inverse."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, failed = dpotrf(inner.T, lower=0, clean=0, overwrite_a=1)
    inverse, failed_too = dpotri(factor, lower=0, overwrite_c=1)
    if failed or failed_too:  # it has 1 / C on its diagonal
        raise FloatingPointError("the matrix of inner products is not positive definite; is C infinite?")
    upper = np.triu(inverse, 1)
    return np.asarray(np.triu(inverse) + upper.T)


def _learn_iteratively(
    space: Space, values: Floats, counted: Bools, folds: Sequence[Ints], C: float
) -> tuple[Floats, Floats, Floats]:
    """Do the same by conjugate gradients (Hestenes & Stiefel 1952), a run for each fold and one for all."""
    out_of_fold = np.empty_like(values)
    for fold in folds:
        use = counted.copy()
        use[fold] = False
        coef, intercept = space.weights(_conjugate_gradients(space, values, use, C))
        out_of_fold[fold] = space.rows[fold] @ coef + intercept
    return *space.weights(_conjugate_gradients(space, values, counted, C)), out_of_fold


def _conjugate_gradients(space: Space, values: Floats, use: Bools, C: float, n_iterations: int = 80) -> Floats:
    rest = (values * use).astype(np.float32)
    dual, direction = np.zeros_like(rest), rest.copy()
    square = (rest * rest).sum(axis=0)
    enough = 1e-6 * np.maximum(square, 1e-12)
    for _ in range(n_iterations):
        image = (space.apply(direction) + direction / C) * use
        step = square / np.maximum((direction * image).sum(axis=0), 1e-30)
        dual += step * direction
        rest = (rest - step * image).astype(np.float32)
        before, square = square, (rest * rest).sum(axis=0)
        if (square < enough).all():
            break
        direction = (rest + square / np.maximum(before, 1e-30) * direction).astype(np.float32)
    return dual


def _stem_of(vectorizer: TopicVectorizer, background: Background) -> csr_array:
    """Return which stem of the background each column is of, as matrix of shape (n_columns, n_stems)."""
    from scipy.sparse import csr_array

    known = [(i, background.number[s]) for i, s in enumerate(vectorizer.stems_) if s in background.number]
    term, stem = np.array(known, np.int64).reshape(-1, 2).T
    column = vectorizer.columns_[:, term]
    used = column >= 0
    ones = np.ones(int(used.sum()), np.float32)
    place = (column[used], np.broadcast_to(stem, column.shape)[used])
    return csr_array((ones, place), shape=(len(vectorizer.idf_), len(background.stems)))
