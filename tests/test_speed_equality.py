"""The fast way gives what the plain way gives: the same columns, the same weights to the last bit, the same tags."""

from __future__ import annotations

import gzip
import json
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import beritaclass as bc
from beritaclass import vectorizer as module
from beritaclass.preprocessing import headlines
from conftest import SHARED, needs_shared

pytest.importorskip("numba", reason="needs the extra 'fast'")

WORDS = [
    *("menteri", "keuangan", "mengumumkan", "anggaran", "anak-anak", "pencabulan", "Polisi", "menangkap", "-", "'"),
    *("bea", "cukai", "rokok", "ilegal", "2026", "…", "xyzzy", "Jum’at", "“rokok”", "mempertanggungjawabkannya", "\n"),
    *("\n\nBaca juga: Menteri Keuangan Umumkan Anggaran\n", "ADVERTISEMENT\n", "Â©", "&quot;", "😀", "Petugas\n\n"),
]
prose = st.lists(st.sampled_from(WORDS), max_size=80).map(" ".join)
an_article = st.builds(bc.Article, text=prose, title=st.one_of(st.just(""), prose))
TRAINING = [
    bc.Article(
        title="Bea cukai sita rokok ilegal", text="Petugas bea cukai menyita rokok ilegal dan menangkap dua orang."
    ),
    bc.Article(title="Polisi tangkap pelaku", text="Polisi menangkap pelaku pencabulan anak-anak di bawah umur."),
    bc.Article(title="Menteri umumkan anggaran", text="Menteri keuangan mengumumkan anggaran 2026 - dan rokok."),
    bc.Article(text="Polisi dan bea cukai menangkap penyelundup rokok ilegal; menteri mengumumkan keuangan 2026."),
]


@pytest.fixture(autouse=True)
def _restore_the_threshold() -> Iterator[None]:
    before, met = module.KERNEL_AFTER, module._articles_met
    yield
    module.KERNEL_AFTER, module._articles_met = before, met


def both(work: Callable[[], Any]) -> tuple[Any, Any]:
    """Do the work the plain way and the compiled way."""
    module.KERNEL_AFTER = 10**12
    plain = work()
    module.KERNEL_AFTER = 0
    return plain, work()


def assert_same_rows(plain: Any, fast: Any) -> None:
    assert plain.shape == fast.shape
    for name in ("indptr", "indices", "data"):
        one, other = getattr(plain, name), getattr(fast, name)
        assert one.dtype == other.dtype, name
        assert (one == other).all(), name


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(an_article, max_size=8), st.sampled_from([0, 3, None]), st.sampled_from([0, 1, 7, 100]))
def test_rows_are_the_same(articles: list[bc.Article], max_pairs: int | None, lead_words: int) -> None:
    vectorizer = bc.TopicVectorizer(min_df=1, max_df=1.0, title_min_df=1, lead_words=lead_words, max_pairs=max_pairs)
    vectorizer.fit(TRAINING)
    assert_same_rows(*both(lambda: vectorizer.transform(articles)))


def test_a_word_may_stand_there_often() -> None:
    vectorizer = bc.TopicVectorizer(min_df=1, max_df=1.0, lead_words=3).fit(TRAINING)
    assert_same_rows(*both(lambda: vectorizer.transform(["rokok ilegal " * 30_000, "", "rokok"])))


def test_batches_are_joined() -> None:
    vectorizer = bc.TopicVectorizer(min_df=1, max_df=1.0, lead_words=5).fit(TRAINING)
    plain, fast = both(lambda: vectorizer.transform(TRAINING * 200))
    assert_same_rows(plain, fast)
    assert (fast.toarray() == np.tile(vectorizer.transform(TRAINING).toarray(), (200, 1))).all()


def test_the_kernel_is_loaded_once_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    vectorizer = bc.TopicVectorizer(min_df=1, max_df=1.0).fit(TRAINING)
    monkeypatch.setattr(module, "_articles_met", 0)
    monkeypatch.setattr(module, "KERNEL_AFTER", 10)
    vectorizer.transform(TRAINING * 2)
    assert vectorizer._kernel is None
    vectorizer.transform(TRAINING)
    assert vectorizer._kernel is not None
    assert pickle.loads(pickle.dumps(vectorizer))._kernel is None


def test_threads_may_share_a_vectoriser() -> None:
    vectorizer = bc.TopicVectorizer(min_df=1, max_df=1.0).fit(TRAINING)
    module.KERNEL_AFTER = 0
    batches = [[f"rokok{i} ilegal kata{j}" for j in range(50)] for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(vectorizer.transform, batches))
    for batch, rows in zip(batches, together, strict=True):
        assert_same_rows(vectorizer.transform(batch), rows)


GLUED = [
    *("Cokelat", "Menurutnya", "DPR", "Aris", "Moskow!", '"Yah', "McGregor", "BP2MI", "2", "12 Orang", "?", "…", "“Ia"),
    *(" ", " ", " ", "di", "a", "A", ".)", "”", "’", "YouTube", "anak-anak", "É", "é"),
]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(GLUED) | st.text(max_size=2), max_size=12).map("".join))
def test_glue_is_found_word_by_word(line: str) -> None:
    words = headlines._WORD.finditer(line)
    assert [end for word in words for end in headlines._glues(line, word)] == [
        glue.end() for glue in headlines._GLUE.finditer(line)
    ]


def test_tags_of_the_examples_are_the_same(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    plain, fast = both(lambda: [(t.tags, dict(t.scores or {})) for t in tagger.pipe(examples, scores=True)])
    assert plain == fast
    assert sum(bool(tags) for tags, _ in fast) > len(examples) / 2


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("name", ["articles", "unseen"])
def test_the_whole_corpus_is_tagged_the_same(tagger: bc.TopicClassifier, name: str) -> None:
    with gzip.open(SHARED / "corpus" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        articles = (bc.Article(title=r["title"], text=r["text"]) for r in map(json.loads, file))
        n_articles = 0
        while batch := list(islice(articles, 2_000)):
            plain, fast = both(lambda batch=batch: tagger.vectorizer_.transform(batch))
            assert_same_rows(plain, fast)
            plain, fast = both(lambda batch=batch: [t.tags for t in tagger.pipe(batch[:200])])
            assert plain == fast
            n_articles += len(batch)
    assert n_articles > 4_000
