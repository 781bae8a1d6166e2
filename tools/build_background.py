"""Builds data/background.npz from ../shared/corpus: what the stems of Indonesian news weigh and which ones are akin.

Stems are akin that keep the same company: of each two that stand within eight words of each other, nearer ones
counting more, the positive pointwise mutual information is taken, with contexts smoothed by the power 0.75, and the
matrix reduced by a singular value decomposition (Levy, Goldberg & Dagan 2015, "Improving distributional similarity with
lessons learned from word embeddings"). Only figures about single words go into the file. Deterministic from the seed.
"""

from __future__ import annotations

import gzip
import json
import time
from itertools import chain
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array, csr_array
from sklearn.utils.extmath import randomized_svd

from beritaclass.learning import write_background
from beritaclass.preprocessing.stemming import default_stemmer
from beritaclass.preprocessing.tokenization import surfaces
from beritaclass.vectorizer import cleaned_fields

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus" / "articles.jsonl.gz"
MIN_DF, MAX_DF, WINDOW, DIMENSIONS, SEED = 5, 0.4, 8, 150, 0


def main() -> None:
    import beritaclass as bc

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
    for document in documents:
        df[np.unique(document)] += 1
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
    size = (len(kept), len(kept))
    together = csr_array(size, dtype=np.float32)
    for distance in range(1, WINDOW + 1):
        same = document[:-distance] == document[distance:]
        near = (stream[:-distance][same], stream[distance:][same])
        weight = np.full(int(same.sum()), 1 / (1 + 0.25 * (distance - 1)), np.float32)
        together = together + coo_array((weight, near), shape=size).tocsr()
    together = (together + together.T).tocoo()
    met = together.data >= 1
    row, column, count = together.row[met], together.col[met], together.data[met]
    frequency = np.bincount(row, count, len(kept))
    context = frequency**0.75
    information = np.log(count * context.sum() / (frequency[row] * context[column]))
    positive = information > 0
    matrix = csr_array((information[positive].astype(np.float32), (row[positive], column[positive])), shape=size)
    left, strength, _ = randomized_svd(matrix, DIMENSIONS, n_iter=3, random_state=SEED)
    idf = np.log((1 + len(documents)) / (1 + df)) + 1
    path = ROOT / "data" / "background.npz"
    write_background(path, [str(name) for name in names[kept]], idf, left * np.sqrt(strength))
    print(f"{time.time() - started:.0f} s, {len(ids)} stems, {len(kept)} kept: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
