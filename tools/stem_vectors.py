"""Learns from a corpus which stems are akin: those that keep the same company point the same way."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from sklearn.utils.extmath import randomized_svd

WINDOW = 8


def stem_vectors(
    stream: npt.NDArray[Any], document: npt.NDArray[Any], n_stems: int, *, n_dimensions: int, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Return a vector for each stem, from the company it keeps.

    Of each two stems that stand within eight words of each other, nearer ones counting more, the positive pointwise
    mutual information is taken, with contexts smoothed by the power 0.75, and the matrix reduced by a singular value
    decomposition (Levy, Goldberg & Dagan 2015, "Improving distributional similarity with lessons learned from word
    embeddings").

    Parameters
    ----------
    stream : ndarray of shape (n_words,), int
        Stems of the corpus, one article after the other; stems that say nothing are left out.
    document : ndarray of shape (n_words,), int
        Article of each word.
    n_stems, n_dimensions : int
    seed : int, default 0

    Returns
    -------
    ndarray of shape (n_stems, n_dimensions), float32
    """
    size = (n_stems, n_stems)
    together = csr_array(size, dtype=np.float32)
    for distance in range(1, WINDOW + 1):
        same = document[:-distance] == document[distance:]
        near = (stream[:-distance][same], stream[distance:][same])
        weight = np.full(int(same.sum()), 1 / (0.75 + 0.25 * distance), np.float32)
        together = together + coo_array((weight, near), shape=size).tocsr()
    together = (together + together.T).tocoo()
    met = together.data >= 1
    row, column, count = together.row[met], together.col[met], together.data[met]
    frequency = np.bincount(row, count, n_stems)
    context = frequency**0.75
    information = np.log(count * context.sum() / (frequency[row] * context[column]))
    positive = information > 0
    matrix = csr_array((information[positive].astype(np.float32), (row[positive], column[positive])), shape=size)
    left, strength, _ = randomized_svd(matrix, n_dimensions, n_iter=3, random_state=seed)
    return np.asarray(left * np.sqrt(strength), np.float32)
