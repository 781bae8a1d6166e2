"""Builds data/background.npz from ../shared/corpus: what the stems of Indonesian news weigh and which ones are akin.

The vectors of the stems are turned and stretched so that the texts of the corpus, as TF-IDF sums of them, lie more
evenly in all directions (whitening, to the power 0.6): what all news shares then tells less, what sets topics apart
more. Only figures about single words go into the file. Deterministic from the seed.
"""

from __future__ import annotations

import gzip
import json
import time
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfTransformer

import beritaclass as bc
from beritaclass.learning import write_background
from beritaclass.preprocessing.stemming import default_stemmer
from beritaclass.preprocessing.tokenization import surfaces
from beritaclass.vectorizer import cleaned_fields
from stem_vectors import stem_vectors

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus" / "articles.jsonl.gz"
MIN_DF, MAX_DF, DIMENSIONS, WHITENING, SEED = 5, 0.4, 150, 0.6, 0


def main() -> None:
    started = time.time()
    stem = default_stemmer().stem
    ids: dict[str, int] = {}
    documents = []
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            title, text = cleaned_fields(bc.Article(title=record["title"] or "", text=record["text"] or ""))
            stems = [s for s in map(stem, chain(surfaces(title), surfaces(text))) if s]
            documents.append(np.fromiter((ids.setdefault(s, len(ids)) for s in stems), np.int32, len(stems)))
    df = np.zeros(len(ids), np.int64)
    for words in documents:
        df[np.unique(words)] += 1
    names = np.array(list(ids), dtype=object)
    kept = np.flatnonzero(df >= MIN_DF)
    kept = kept[np.argsort(names[kept])]
    renumber = np.full(len(ids), -1)
    renumber[kept] = np.arange(len(kept))
    df = df[kept]

    stream = renumber[np.concatenate(documents)]
    document = np.repeat(np.arange(len(documents)), [len(d) for d in documents])
    content = (stream >= 0) & (df[stream] < MAX_DF * len(documents))
    stream, document = stream[content], document[content]
    vectors = whitened(stem_vectors(stream, document, len(kept), n_dimensions=DIMENSIONS, seed=SEED), stream, document)
    idf = np.log((1 + len(documents)) / (1 + df)) + 1
    path = ROOT / "data" / "background.npz"
    write_background(path, [str(name) for name in names[kept]], idf, vectors)
    print(f"{time.time() - started:.0f} s, {len(ids)} stems, {len(kept)} kept: {path.stat().st_size / 1e6:.1f} MB")


def whitened(
    vectors: npt.NDArray[np.float32], stream: npt.NDArray[Any], document: npt.NDArray[Any]
) -> npt.NDArray[np.float32]:
    """Return the vectors in axes along which the texts are, but for a power, equally spread."""
    ones = np.ones(len(stream), np.float32)
    counts = csr_array((ones, (document, stream)), shape=(document.max() + 1, len(vectors)))
    image = TfidfTransformer(sublinear_tf=True).fit_transform(counts) @ vectors
    strength, axes = np.linalg.eigh((image.T @ image / len(image)).astype(np.float64))
    return np.asarray(vectors @ (axes / strength ** (WHITENING / 2)), np.float32)


if __name__ == "__main__":
    main()
