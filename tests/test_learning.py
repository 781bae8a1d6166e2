"""The learner: what it leaves out, the same by two ways, what the background adds, topics beside others."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import beritaclass as bc
from beritaclass import classifier, learning
from beritaclass.calibration import choose_thresholds, expected_threshold
from beritaclass.errors import InputError, TaxonomyError, UnknownTopicError
from beritaclass.keywords import fit_keywords
from beritaclass.learning import Space, learn, news_background, widen
from beritaclass.report.training import cross_validated
from beritaclass.taxonomy import parse_taxonomy
from conftest import SHARED, needs_shared
from test_cli import run

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


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


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


@pytest.mark.parametrize("n_folds", [2, 3, 10])
def test_no_fold_holds_all_articles_of_a_topic(n_folds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []
    monkeypatch.setattr(classifier, "learn", lambda *a: seen.extend(a[3]) or learn(*a))
    topics = [["satu"] if i in (1, 2, 3) else [] for i in range(24)]
    for seed in range(5):
        seen.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bc.TopicClassifier(n_folds=n_folds, random_state=seed).fit(TEXTS, topics)
        assert sorted(np.concatenate(seen)) == list(range(24))
        assert max(sum(bool(topics[i]) for i in fold) for fold in seen) <= 2


def test_a_topic_whose_articles_have_nothing_in_common_is_warned_of_and_never_said() -> None:
    topics = [[*t, "acak"] if i % 8 == 3 else t for i, t in enumerate(TOPICS)]
    with pytest.warns(UserWarning, match="topic 'acak': its 3 articles have nothing in common"):
        model = bc.TopicClassifier().fit(TEXTS, topics)
    assert not any("acak" in {tag.topic for tag in tags} for tags in model.tag_batch(TEXTS))
    assert cross_validated(model, [bc.Article(text=x, topics=tuple(t)) for x, t in zip(TEXTS, topics, strict=True)])


def test_a_topic_that_all_articles_have_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="topic 'berita' has 24 of 24 articles"):
        bc.TopicClassifier().fit(TEXTS, [[*topics, "berita"] for topics in TOPICS])


@pytest.mark.parametrize("C", [0, -1.0])
def test_a_senseless_regularisation_is_refused(C: float) -> None:  # scikit-learn's name
    with pytest.raises(InputError, match="C must be a number greater than 0"):
        bc.TopicClassifier(C=C).fit(TEXTS, TOPICS)


@pytest.mark.parametrize("n_folds", [0, 1])
def test_one_fold_is_refused(n_folds: int) -> None:
    with pytest.raises(InputError, match=f"n_folds must be 2 or more, got {n_folds}"):
        bc.TopicClassifier(n_folds=n_folds).fit(TEXTS, TOPICS)


def test_a_taxonomy_that_runs_in_a_circle_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="runs in a circle"):
        parse_taxonomy('[a]\nimplies = ["b"]\n[b]\nimplies = ["a"]\n')


def test_a_labelled_file_may_hold_records_without_topics_and_name_its_field(tmp_path: Path) -> None:
    rows = [{"id": str(i), "text": text, "rubrik": t[0]} for i, (text, t) in enumerate(zip(TEXTS, TOPICS, strict=True))]
    rows += [{"id": "x", "text": "Tanpa rubrik", "rubrik": None}]
    write(tmp_path / "labelled.jsonl", rows)
    done = run("train", tmp_path / "labelled.jsonl", "-o", tmp_path / "m", code=1)
    assert "none of 25 records has a field 'topics'" in done.stderr
    assert "other fields are rubrik; name it with --topics-field" in done.stderr
    done = run("train", tmp_path / "labelled.jsonl", "-o", tmp_path / "m", "--topics-field", "rubrik")
    assert "1 of 25 records have no topics; they are left out" in done.stderr
    assert "learned 3 topics from 24 articles" in done.stderr


def test_topics_may_be_a_string_that_keeps_them_apart(tmp_path: Path) -> None:
    rows = "".join(f'{i},"{text}","Hasil laut; tani" \n' for i, text in enumerate(SEA))
    rows += "".join(f"{i + 50},{text},\n" for i, text in enumerate(COURT))
    (tmp_path / "labelled.csv").write_text("id,text,label\n" + rows)
    run("train", tmp_path / "labelled.csv", "-o", tmp_path / "m", "--topics-field", "label")
    assert bc.load(tmp_path / "m").classes_.tolist() == ["Hasil laut", "tani"]


def test_train_reports_what_each_article_got_unseen(tmp_path: Path) -> None:
    rows = [{"text": text, "topics": topics} for text, topics in zip(TEXTS, TOPICS, strict=True)]
    write(tmp_path / "labelled.jsonl", [*rows, {"text": "Satu saja", "topics": ["tunggal"]}])
    (tmp_path / "topics.toml").write_text("[laut]\n[tani]\n[hukum]\n[tunggal]\n[kosong]\n")
    done = run("train", tmp_path / "labelled.jsonl", "-o", tmp_path / "m", "--taxonomy", tmp_path / "topics.toml")
    assert re.search(r"laut +1.000 +1.000 +1.000", done.stdout)
    assert re.search(r"tunggal +0.000 +0.000 +0.000", done.stdout)
    assert "warning: topic 'tunggal' has 1 of 25 articles" in done.stderr
    assert "warning: no article has the topic 'kosong'" in done.stderr
    card = (tmp_path / "m" / "CARD.md").read_text()
    assert "| laut | 8 | 1.00 | 1.00 | 1.00 (1.00 - 1.00) |" in card
    assert "Fewer than 20 articles, so guesses: hukum, laut, tani, tunggal." in card
    assert "stable" in run("drift", tmp_path / "labelled.jsonl", "--model", tmp_path / "m").stdout


def test_on_the_command_line_topics_are_added_replaced_and_dropped(tmp_path: Path) -> None:
    rows = [{"text": text, "topics": topics} for text, topics in zip(TEXTS, TOPICS, strict=True)]
    write(tmp_path / "labelled.jsonl", rows)
    added = run(
        *("train", tmp_path / "labelled.jsonl", "--beside", "news", "--without", "hoaks", "--without", "cuaca"),
        *("-o", tmp_path / "m"),
    )
    assert "learned anew, in place of those of news: hukum" in added.stderr
    classes = bc.load(tmp_path / "m").classes_.tolist()
    assert {"laut", "tani", "hukum"} < set(classes)
    assert not {"hoaks", "cuaca"} & set(classes)
    assert "\n agama " not in added.stdout
    assert "Taken over unchanged from another model, see its card: agama, bea-cukai" in (
        (tmp_path / "m" / "CARD.md").read_text()
    )
    run("train", "--beside", tmp_path / "m", "--without", "laut", "-o", tmp_path / "fewer")
    assert bc.load(tmp_path / "fewer").classes_.tolist() == [c for c in classes if c != "laut"]
    assert "'hoax'" in run("train", "--beside", "news", "--without", "hoax", "-o", tmp_path / "x", code=1).stderr
    run("train", "--without", "laut", "-o", tmp_path / "x", code=2)


def test_what_a_new_topic_implies_is_lifted_and_not_learned_anew(tagger: bc.TopicClassifier) -> None:
    taxonomy = parse_taxonomy('[sidang]\nimplies = ["hukum", "vonis"]\n[hukum]\n[vonis]\n')
    more = tagger.with_topics(TEXTS, [["sidang"] if "Hakim" in t else [] for t in TEXTS], taxonomy=taxonomy)
    assert set(more.classes_) - set(tagger.classes_) == {"sidang", "vonis"}
    old, new = (model.coef_[:, model.classes_ == "hukum"] for model in (tagger, more))
    assert (old == new).all()
    scores = dict(zip(more.classes_, more.predict_proba([COURT[0]])[0], strict=True))
    assert scores["hukum"] >= scores["sidang"]


def test_topics_from_keywords_stand_beside_others(tagger: bc.TopicClassifier) -> None:
    taxonomy = parse_taxonomy('[melaut]\nkeywords = ["nelayan", "tongkol"]\n')
    more, (report,) = fit_keywords(TEXTS * 3, taxonomy, beside=tagger)
    assert report.examples == 24
    columns = [more.classes_.tolist().index(slug) for slug in tagger.classes_]
    assert (more.predict_proba(TEXTS)[:, columns] == tagger.predict_proba(TEXTS)).all()
    assert "melaut" in {tag.topic for tag in more.tag(SEA[0])}
    with pytest.raises(InputError, match="learned on the same columns"):
        tagger.beside(bc.TopicClassifier().fit(TEXTS, TOPICS))


# -------------------------------------------------------------------- thresholds


def test_the_expected_threshold_is_the_best_on_average() -> None:
    rng = np.random.default_rng(0)
    probability = rng.beta(0.3, 2, 400)
    chosen = expected_threshold(probability)
    grid = np.unique(np.concatenate([np.arange(0.02, 1, 0.02), [chosen]]))
    f1 = np.zeros(len(grid))
    for _ in range(300):
        there = rng.random(400) < probability
        f1 += [2 * (there & (probability >= t)).sum() / ((probability >= t).sum() + there.sum()) for t in grid]
    assert f1[grid == chosen][0] >= f1.max() - 1.5


def test_many_examples_outweigh_the_expected_threshold() -> None:
    probability = np.linspace(0, 1, 8_000)[:, None]
    target = probability >= 0.6
    counted = np.ones_like(target)
    few = choose_thresholds(probability[::400], target[::400], counted[::400])
    many = choose_thresholds(probability, target, counted)
    assert abs(many[0] - 0.6) < 0.03 < abs(few[0] - 0.6)


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
