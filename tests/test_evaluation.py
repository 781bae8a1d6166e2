"""The measures of an evaluation against scikit-learn's, and what counts in them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import precision_recall_fscore_support

import beritaclass as bc
from beritaclass.errors import InputError, UnknownTopicError
from beritaclass.evaluation import Comparison, Evaluation, by_group, cross_compare, publisher, score, year

TOPICS = ["a", "b", "c"]


def measure(said: np.ndarray, target: np.ndarray, counted: np.ndarray | None = None, **options: int) -> Evaluation:
    counted = np.ones_like(target) if counted is None else counted
    return score(Comparison(tuple(TOPICS), [], said.astype(float), said, target, counted), **options)


decisions = arrays(bool, st.tuples(st.integers(1, 12), st.just(3)))


@given(decisions, st.randoms(use_true_random=False))
def test_figures_are_those_of_scikit_learn(target: np.ndarray, random: object) -> None:
    said = np.array([[random.random() < 0.5 for _ in TOPICS] for _ in target])
    evaluation = measure(said, target, n_resamples=20)
    precision, recall, f1, support = precision_recall_fscore_support(target, said, zero_division=0)
    assert [t.precision for t in evaluation.topics] == pytest.approx(precision)
    assert [t.recall for t in evaluation.topics] == pytest.approx(recall)
    assert [t.f1 for t in evaluation.topics] == pytest.approx(f1)
    assert [t.support for t in evaluation.topics] == support.tolist()
    micro = precision_recall_fscore_support(target, said, average="micro", zero_division=0)
    assert (evaluation.micro_precision, evaluation.micro_recall, evaluation.micro_f1) == pytest.approx(micro[:3])
    samples = precision_recall_fscore_support(target, said, average="samples", zero_division=1.0)
    assert evaluation.example_f1 == pytest.approx(samples[2])
    present = support > 0
    assert evaluation.macro_f1 == pytest.approx(f1[present].mean() if present.any() else 0.0)


@given(decisions)
def test_unsure_topics_count_neither_way(target: np.ndarray) -> None:
    counted = np.ones_like(target)
    counted[:, 1] = False
    right = measure(target, target, counted, n_resamples=5)
    wrong = target.copy()
    wrong[:, 1] = ~wrong[:, 1]
    assert measure(wrong, target, counted, n_resamples=5) == right
    assert right.topics[1].support == 0


def test_intervals_hold_the_figure_and_narrow_with_more_articles() -> None:
    rng = np.random.default_rng(1)

    def width(n: int) -> float:
        target = rng.random((n, 3)) < 0.3
        said = target ^ (rng.random((n, 3)) < 0.1)
        evaluation = measure(said, target)
        low, high = evaluation.micro_f1_interval
        assert low < evaluation.micro_f1 < high
        assert all(t.f1_low <= t.f1 <= t.f1_high for t in evaluation.topics)
        return high - low

    widths = [width(n) for n in (50, 500, 5000)]
    assert all(wide > 2 * narrow for wide, narrow in pairwise(widths))


def test_evaluate_takes_topics_from_articles_or_apart() -> None:
    texts = ["polisi menangkap pencuri", "timnas menang lewat gol"] * 6
    topics = [["kriminal"], ["olahraga"]] * 6
    model = bc.TopicClassifier(vectorizer=bc.TopicVectorizer(min_df=1), n_folds=2).fit(texts, topics)
    apart = bc.evaluate(model, texts, topics)
    carried = bc.evaluate(model, [bc.Article(text=x, topics=tuple(y)) for x, y in zip(texts, topics, strict=True)])
    assert apart == carried
    assert apart.micro_f1 == 1.0
    assert apart.n_articles == 12
    assert apart.to_dict()["topics"][0]["topic"] == "kriminal"
    with pytest.raises(InputError, match="article '7' has no 'topics'"):
        bc.evaluate(model, [bc.Article(id="7", text="x")])
    with pytest.raises(UnknownTopicError, match="no topic 'kriminel'; did you mean 'kriminal'"):
        bc.evaluate(model, ["x"], [["kriminel"]])
    with pytest.raises(InputError, match="at least one article"):
        bc.evaluate(model, [])


def test_publisher_and_year_are_read_off_the_article() -> None:
    names = {
        "news.detik.com": "detik.com",
        "www.cnnindonesia.com": "cnnindonesia.com",
        "Tempo.co": "tempo.co",
        "www.kontan.co.id": "kontan.co.id",
        "nasional.kontan.co.id": "kontan.co.id",
        "tribunnews.com (per text)": "tribunnews.com",
        "Kabar Nusa": "kabar",
        " ": "",
    }
    assert {source: publisher(bc.Article(source=source)) for source in names} == names
    assert publisher(bc.Article(url="https://bola.kabarnusa.id/a?b=1")) == "kabarnusa.id"
    assert [year(bc.Article(date=date)) for date in ("2024-05-01", "Senin", "", "24")] == ["2024", "", "", ""]


def test_groups_share_out_the_articles_and_their_figures() -> None:
    rng = np.random.default_rng(2)
    target = rng.random((40, 3)) < 0.4
    said = target ^ (rng.random((40, 3)) < 0.2)
    articles = [bc.Article(id=str(i)) for i in range(40)]
    whole = Comparison(tuple(TOPICS), articles, said.astype(float), said, target, np.ones_like(target))
    groups = ["a" if i % 4 else "b" for i in range(40)]
    parts = by_group(whole, groups)
    assert list(parts) == ["a", "b"]  # the largest first
    assert sorted(int(a.id) for part in parts.values() for a in part.articles) == list(range(40))
    assert [int(a.id) % 4 for a in parts["b"].articles] == [0] * 10
    assert (parts["b"].said == said[::4]).all()


SHOP, FIELD = ["harga cabai naik pasar pedagang", "timnas menang gol laga"], [["ekonomi"], ["olahraga"]]


def test_models_trained_anew_are_judged_on_what_they_have_not_seen() -> None:
    texts, topics = SHOP * 16, FIELD * 16
    model = bc.TopicClassifier(vectorizer=bc.TopicVectorizer(min_df=1, max_df=1.0), n_folds=4, background=False)
    folds = cross_compare(model, texts, topics, n_folds=4)
    assert score(folds).micro_f1 == 1.0
    # A topic that only the left out group has cannot be said there.
    alone = cross_compare(
        model, [*texts, "kapal feri tiba pelabuhan"], [*topics, ["transportasi"]], groups=["x", "y"] * 16 + ["z"]
    )
    assert alone.classes == ("ekonomi", "olahraga", "transportasi")
    assert not alone.said[-1, 2]
    assert alone.target[-1].tolist() == [False, False, True]
    with pytest.raises(InputError, match=r"33 articles needs a group.*got 32 of 2 kinds"):
        cross_compare(model, [*texts, "x"], [*topics, []], groups=["x", "y"] * 16)
    with pytest.raises(InputError, match="got 32 of 1 kinds, 'x'"):
        cross_compare(model, texts, topics, groups=["x"] * 32)
