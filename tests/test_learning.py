"""The learner: what it leaves out, the same by two ways, what the background adds, topics beside others."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import beritaclass as bc
from beritaclass import learning
from beritaclass.errors import InputError, TaxonomyError, UnknownTopicError
from beritaclass.learning import Space, learn, news_background, widen
from beritaclass.taxonomy import parse_taxonomy
from conftest import SHARED, needs_shared

SEA = [f"Nelayan {i} melaut di Natuna dan menjual ikan tongkol di dermaga" for i in range(8)]
LAND = [f"Petani {i} menanam padi di sawah lalu memanen beras pada musim hujan" for i in range(8)]
COURT = [f"Hakim {i} membacakan vonis bagi terdakwa dalam sidang di pengadilan" for i in range(8)]
TEXTS = SEA + LAND + COURT
TOPICS = [["laut"]] * 8 + [["tani"]] * 8 + [["hukum"]] * 8
TARGET = np.repeat(np.eye(3, dtype=bool), 8, axis=0)


def space() -> Space:
    vectorizer = widen(bc.TopicVectorizer().fit(TEXTS), news_background())
    return Space(vectorizer.transform(TEXTS), vectorizer, news_background())


def test_the_background_holds_single_words_only() -> None:
    background = news_background()
    assert background.stems == sorted(background.stems)
    assert background.vectors.shape == (len(background.stems), 150)
    assert not any(" " in stem for stem in background.stems)
    unit = background.vectors / np.maximum(np.linalg.norm(background.vectors, axis=1, keepdims=True), 1e-9)
    of = background.number
    assert unit[of["korupsi"]] @ unit[of["suap"]] > unit[of["korupsi"]] @ unit[of["gol"]] + 0.3


folds = st.integers(2, 6).map(
    lambda n: [np.sort(f) for f in np.array_split(np.random.default_rng(n).permutation(24), n)]
)
masks = st.lists(st.tuples(st.integers(0, 23), st.integers(0, 2)), max_size=12)


@settings(max_examples=15)
@given(folds, masks)
def test_out_of_fold_values_are_those_of_models_that_were_not_shown_the_fold(
    folds: list[np.ndarray], unsure: list[tuple[int, int]]
) -> None:
    counted = np.ones_like(TARGET)
    for row, topic in unsure:
        counted[row, topic] = False
    points = _space()
    _, _, out_of_fold = learn(points, TARGET, counted, folds, 3.0)
    inner = points.inner_products().astype(np.float64)
    for fold in folds:
        for topic in range(3):
            use = np.setdiff1d(np.flatnonzero(counted[:, topic]), fold)
            dual = np.linalg.solve(inner[np.ix_(use, use)] + np.eye(len(use)) / 3.0, TARGET[use, topic].astype(float))
            assert out_of_fold[fold, topic] == pytest.approx(inner[np.ix_(fold, use)] @ dual, abs=1e-6)


@settings(max_examples=15)
@given(folds, masks)
def test_a_pair_that_does_not_count_has_no_influence(folds: list[np.ndarray], unsure: list[tuple[int, int]]) -> None:
    counted = np.ones_like(TARGET)
    flipped = TARGET.copy()
    for row, topic in unsure:
        counted[row, topic] = False
        flipped[row, topic] ^= True
    one, other = (learn(_space(), target, counted, folds, 3.0) for target in (TARGET, flipped))
    assert one[0] == pytest.approx(other[0], abs=1e-5)
    assert one[1] == pytest.approx(other[1], abs=1e-5)


_cache: list[Space] = []


def _space() -> Space:
    if not _cache:
        _cache.append(space())
    return _cache[0]


def test_iterations_find_what_the_inverse_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = np.ones_like(TARGET)
    counted[3, 1] = counted[20, 0] = False
    folds = np.array_split(np.arange(24)[::-1], 4)
    exact = learn(_space(), TARGET, counted, folds, 3.0)
    monkeypatch.setattr(learning, "MOST_ARTICLES", 10)
    iterated = learn(_space(), TARGET, counted, folds, 3.0)
    for one, other in zip(exact, iterated, strict=True):
        assert one == pytest.approx(other, abs=2e-3)


def test_words_that_no_article_held_count_by_their_company() -> None:
    model = bc.TopicClassifier().fit(TEXTS, TOPICS)
    cold = bc.TopicClassifier(background=False).fit(TEXTS, TOPICS)
    unseen = "Jaksa menuntut penjara"
    column = model.classes_.tolist().index("hukum")
    assert not set(unseen.lower().split()) & set(" ".join(TEXTS).lower().split())
    assert model.predict_proba([unseen])[0].argmax() == column
    assert np.ptp(cold.decision_function([unseen]) - cold.intercept_) == 0


def test_a_saved_model_says_the_same(tmp_path: object) -> None:
    model = bc.TopicClassifier().fit(TEXTS, TOPICS)
    there = bc.load(bc.save(model, f"{tmp_path}/model"))
    assert (there.predict_proba(TEXTS) == model.predict_proba(TEXTS)).all()


# -------------------------------------------------------------------- beside the shipped topics


def test_added_topics_leave_the_others_alone_to_the_last_bit(tagger: bc.TopicClassifier) -> None:
    more = tagger.with_topics(TEXTS, [["nelayan"]] * 8 + [["petani"]] * 8 + [[]] * 8)
    columns = [more.classes_.tolist().index(slug) for slug in tagger.classes_]
    assert (more.predict_proba(TEXTS)[:, columns] == tagger.predict_proba(TEXTS)).all()
    assert (more.assess(TEXTS)[1][:, columns] == tagger.assess(TEXTS)[1]).all()
    assert {"nelayan"} <= {tag.topic for tag in more.tag(SEA[0])}
    assert "petani" not in {tag.topic for tag in more.tag(SEA[0])}
    assert set(more.classes_) - set(tagger.classes_) == {"nelayan", "petani"}


def test_a_topic_is_replaced_by_its_name(tagger: bc.TopicClassifier) -> None:
    again = tagger.with_topics(TEXTS, [["hukum"] if "Hakim" in text else [] for text in TEXTS])
    assert again.classes_.tolist() == tagger.classes_.tolist()
    same = again.classes_ != "hukum"
    assert (again.predict_proba(TEXTS)[:, same] == tagger.predict_proba(TEXTS)[:, same]).all()
    assert (again.coef_[:, ~same] != tagger.coef_[:, ~same]).any()


def test_dropped_topics_are_not_said_and_still_have_a_name(tagger: bc.TopicClassifier) -> None:
    fewer = tagger.without_topics(["hoaks", "cuaca"])
    kept = np.isin(tagger.classes_, fewer.classes_)
    assert (fewer.predict_proba(TEXTS) == tagger.predict_proba(TEXTS)[:, kept]).all()
    assert set(tagger.classes_) - set(fewer.classes_) == {"hoaks", "cuaca"}
    assert fewer.taxonomy is not None
    assert fewer.taxonomy["hoaks"].name
    with pytest.raises(UnknownTopicError, match="'hoax'"):
        tagger.without_topics(["hoax"])


def test_a_model_of_one_topic_an_article_takes_no_more() -> None:
    with pytest.raises(InputError, match="this one says just one"):
        bc.TopicClassifier().fit(TEXTS, [t[0] for t in TOPICS]).with_topics(TEXTS, TOPICS)


def test_renamed_topics_keep_old_outputs_readable() -> None:
    taxonomy = parse_taxonomy('[perikanan]\nformerly = ["laut", "ikan"]\n[tani]\n')
    assert [taxonomy.current(slug) for slug in ("laut", "ikan", "tani", "lain")] == [
        "perikanan",
        "perikanan",
        "tani",
        "lain",
    ]
    assert parse_taxonomy(taxonomy.to_toml()).topics == taxonomy.topics


# -------------------------------------------------------------------- bad input


def test_two_articles_are_enough_to_learn_a_topic_and_one_is_not() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = bc.TopicClassifier().fit([*TEXTS, *COURT[:2]], [*TOPICS, ["sidang"], ["sidang"]])
    assert "sidang" in model.classes_
    with pytest.warns(UserWarning, match="topic 'sidang' has 1 of 25 articles.*it will be said of no article"):
        model = bc.TopicClassifier().fit([*TEXTS, COURT[0]], [*TOPICS, ["sidang"]])
    assert "sidang" not in {tag.topic for tag in model.tag(COURT[0])}


def test_a_topic_that_all_articles_have_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="topic 'berita' has 24 of 24 articles"):
        bc.TopicClassifier().fit(TEXTS, [[*topics, "berita"] for topics in TOPICS])


@pytest.mark.parametrize("C", [0, -1.0])
def test_a_senseless_regularisation_is_refused(C: float) -> None:  # scikit-learn's name
    with pytest.raises(InputError, match="C must be a number greater than 0"):
        bc.TopicClassifier(C=C).fit(TEXTS, TOPICS)


def test_a_taxonomy_that_runs_in_a_circle_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="runs in a circle"):
        parse_taxonomy('[a]\nimplies = ["b"]\n[b]\nimplies = ["a"]\n')


# -------------------------------------------------------------------- SIB-200


@needs_shared
def test_the_defaults_reach_eighty_percent_on_sib200() -> None:
    parts = {
        name: list(map(json.loads, (SHARED / "bench" / "sib200" / f"{name}.jsonl").read_text("utf-8").splitlines()))
        for name in ("train", "dev", "test")
    }
    train = parts["train"] + parts["dev"]
    model = bc.TopicClassifier().fit([r["text"] for r in train], [r["label"] for r in train])
    assert model.score([r["text"] for r in parts["test"]], [r["label"] for r in parts["test"]]) >= 0.82
