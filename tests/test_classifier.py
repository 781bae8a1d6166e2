"""The tagger: learning, saying, explaining, scikit-learn's contract, and input that hates it."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict

import beritaclass as bc
from beritaclass.calibration import sigmoid
from beritaclass.errors import InputError, UnknownTopicError
from beritaclass.taxonomy import news_taxonomy
from conftest import SHARED, needs_shared

CRIME = [f"Polisi menangkap pencuri motor nomor {i} di Bekasi setelah warga melapor" for i in range(12)]
SPORT = [f"Timnas sepak bola menang dalam laga ke-{i} melawan Vietnam lewat gol penalti" for i in range(12)]
TEXTS, TOPICS = CRIME + SPORT, [["kriminal"]] * 12 + [["sepak-bola"]] * 12


@pytest.fixture(scope="module")
def model() -> bc.TopicClassifier:
    return bc.TopicClassifier(taxonomy=news_taxonomy()).fit(TEXTS, TOPICS)


# -------------------------------------------------------------------- learning


def test_it_learns(model: bc.TopicClassifier) -> None:
    assert [tag.topic for tag in model.tag("Polisi menangkap pencuri di Bekasi")] == ["kriminal"]
    assert {tag.topic for tag in model.tag("Gol penalti, timnas menang")} == {"sepak-bola", "olahraga"}


def test_what_a_topic_implies_is_learned_and_said_with_it(model: bc.TopicClassifier) -> None:
    assert "olahraga" in model.classes_
    probability = dict(zip(model.classes_, model.predict_proba([SPORT[0]])[0], strict=True))
    assert probability["olahraga"] >= probability["sepak-bola"]


def test_unsure_topics_count_neither_way() -> None:
    vectorizer = bc.TopicVectorizer(max_df=1.0)
    doubted = bc.TopicClassifier(vectorizer=vectorizer).fit(
        [*TEXTS, *CRIME], [*TOPICS, *[["sepak-bola"]] * 12], unsure=[[]] * 24 + [["sepak-bola", "kriminal"]] * 12
    )
    plain = bc.TopicClassifier(vectorizer=vectorizer).fit(TEXTS, TOPICS)
    assert [t.topic for t in doubted.tag(CRIME[0])] == [t.topic for t in plain.tag(CRIME[0])] == ["kriminal"]


def test_a_topic_with_one_article_is_warned_of_and_never_said() -> None:
    with pytest.warns(UserWarning, match="topic 'lonely' has 1 of 25 articles"):
        model = bc.TopicClassifier().fit([*TEXTS, "unik sekali"], [*TOPICS, ["lonely"]])
    assert "lonely" not in {tag.topic for tag in model.tag("unik sekali")}


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        (TOPICS[:-1], "y must hold topics for each of the 24 articles, got 23"),
        ([[]] * 24, "y names no topic at all"),
        ([[3]] * 24, r"y\[0\] must be a collection of slugs"),
    ],
)
def test_wrong_labels_are_named(topics: list[list[str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        bc.TopicClassifier().fit(TEXTS, topics)


# -------------------------------------------------------------------- scikit-learn


def test_it_is_an_estimator() -> None:
    model = bc.TopicClassifier(C=2.0)
    assert is_classifier(model)
    assert repr(clone(model)) == "TopicClassifier(C=2.0)"
    assert model.set_params(C=3).C == 3
    with pytest.raises(ValueError, match="not fitted yet: call 'fit'"):
        model.predict(["x"])


def test_nested_parameters_reach_the_vectorizer() -> None:
    model = bc.TopicClassifier(vectorizer=bc.TopicVectorizer())
    model.set_params(vectorizer__min_df=4)
    assert model.get_params()["vectorizer__min_df"] == 4
    assert clone(model).vectorizer.min_df == 4
    assert clone(model).vectorizer is not model.vectorizer


def test_fitting_leaves_the_parameters_alone() -> None:
    vectorizer = bc.TopicVectorizer()
    bc.TopicClassifier(vectorizer=vectorizer).fit(TEXTS, TOPICS)
    assert not hasattr(vectorizer, "stems_")


def test_indicator_matrices_serve_as_labels() -> None:
    target = np.array([[1, 0]] * 12 + [[0, 1]] * 12)
    model = bc.TopicClassifier().fit(TEXTS, target)
    assert model.predict(TEXTS).tolist() == target.tolist()
    assert model.score(TEXTS, target) == 1.0


def test_it_serves_in_cross_validation_and_search() -> None:
    target = np.array([[1, 0]] * 12 + [[0, 1]] * 12)
    search = GridSearchCV(bc.TopicClassifier(n_folds=2), {"C": [0.1, 1.0]}, cv=3).fit(TEXTS, target)
    assert search.best_score_ == 1.0
    assert (cross_val_predict(bc.TopicClassifier(n_folds=2), TEXTS, target, cv=3) == target).mean() > 0.9


# -------------------------------------------------------------------- saying

prose = st.lists(
    st.sampled_from([*" ".join(TEXTS).split(), "Baca juga: Polisi\n", "\n\n", "ADVERTISEMENT", "xyzzy", "2026"]),
    max_size=60,
).map(" ".join)


@settings(max_examples=60)
@given(st.lists(st.builds(bc.Article, text=prose, title=prose), max_size=7), st.integers(1, 4))
def test_a_stream_in_batches_says_what_each_article_gets_alone(articles: list[bc.Article], size: int) -> None:
    model = _model()
    piped = list(model.pipe(articles, batch_size=size, scores=True))
    assert [tagged.article for tagged in piped] == articles
    assert [tagged.tags for tagged in piped] == [model.tag(article) for article in articles]
    for tagged in piped:
        assert tagged.scores is not None
        assert list(tagged.scores) == model.classes_.tolist()
        assert list(tagged.tags) == sorted(tagged.tags, key=lambda tag: -tag.probability)
        assert all(tag.probability == tagged.scores[tag.topic] for tag in tagged.tags)


_cache: list[bc.TopicClassifier] = []


def _model() -> bc.TopicClassifier:
    if not _cache:
        _cache.append(bc.TopicClassifier(taxonomy=news_taxonomy()).fit(TEXTS, TOPICS))
    return _cache[0]


def test_pipe_holds_one_batch_only(model: bc.TopicClassifier) -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield CRIME[0]

    stream = model.pipe(endless(), batch_size=8)
    assert next(stream).tags
    assert taken == 8


def test_it_travels_to_processes_and_serves_threads(model: bc.TopicClassifier) -> None:
    there = pickle.loads(pickle.dumps(model))
    expected = model.predict_proba(TEXTS)
    assert (there.predict_proba(TEXTS) == expected).all()
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda: results.append((there.predict_proba(TEXTS) == expected).all()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8


# -------------------------------------------------------------------- explaining


@settings(max_examples=60)
@given(st.builds(bc.Article, text=prose, title=prose))
def test_an_explanation_adds_up_and_points_at_its_words(article: bc.Article) -> None:
    model = _model()
    for column, topic in enumerate(model.classes_):
        explanation = model.explain(article, topic)
        total = sum(c.value for c in explanation.contributions) + explanation.intercept
        assert total == pytest.approx(explanation.decision, abs=1e-5)
        assert explanation.decision == model.decision_function([article])[0, column]
        assert explanation.probability == model.predict_proba([article])[0, column]
        if not explanation.implied_by:
            own = sigmoid(model.slope_[column] * np.array([explanation.decision]) + model.offset_[column])[0]
            assert explanation.probability == pytest.approx(own)
        for contribution in explanation.contributions:
            assert contribution.occurrences
            for place in contribution.occurrences:
                field = {"title": explanation.title, "text": explanation.text}[place.field]
                if " " not in contribution.term:
                    assert field[place.start : place.end] == place.surface


def test_a_headline_in_the_text_is_explained_where_it_stands(tagger: bc.TopicClassifier) -> None:
    text = f"spot_img\n\nPolisi Tangkap Pencuri Motor\n\nBaca juga: Timnas Menang\n\n{CRIME[0]}."
    explanation = tagger.explain(text, "kriminal")
    in_title = [c for c in explanation.contributions if c.field == "title"]
    assert in_title
    assert all(p.field == "text" and p.start < text.index("Baca") for c in in_title for p in c.occurrences)
    assert any(explanation.text[p.start : p.end] == "Polisi" for c in in_title for p in c.occurrences)


def test_an_explanation_names_the_narrower_topic(model: bc.TopicClassifier) -> None:
    model = pickle.loads(pickle.dumps(model))
    model.offset_ = model.offset_ - 3.0 * (model.classes_ == "olahraga")
    assert model.explain(SPORT[0], "olahraga").implied_by == "sepak-bola"
    assert model.explain(SPORT[0], "sepak-bola").implied_by == ""
    for text in SPORT[:3]:
        said = {tag.topic for tag in model.tag(text)}
        assert {t for t in ("olahraga", "sepak-bola") if model.explain(text, t).said} == said & {
            "olahraga",
            "sepak-bola",
        }


def test_the_first_topic_of_an_article_needs_less_than_its_threshold(model: bc.TopicClassifier) -> None:
    model = pickle.loads(pickle.dumps(model))
    assert model.tag(CRIME[0])
    model.thresholds_ = np.full(len(model.classes_), 0.999)
    assert model.tag(CRIME[0]) == ()
    assert model.explain(CRIME[0], "kriminal").place == 0
    model.shares_ = np.array([[0.5], [0.9], [1.2]]).repeat(len(model.classes_), axis=1)
    assert [tag.topic for tag in model.tag(CRIME[0])] == ["kriminal"]
    explanation = model.explain(CRIME[0], "kriminal")
    assert explanation.place == 1
    assert explanation.said
    assert explanation.threshold == 0.999 * 0.5
    assert model.explain(CRIME[0], "olahraga").place > 1
    assert model.without_topics(["olahraga"]).tag(CRIME[0]) == ()


@pytest.mark.parametrize("text", [CRIME[0], SPORT[0], "Warga berkumpul di jalan.", "Rini membaca buku di rumah."])
def test_a_topic_is_said_where_it_reaches_the_threshold_of_its_explanation(
    tagger: bc.TopicClassifier, text: str
) -> None:
    explanations = [tagger.explain(text, topic) for topic in tagger.classes_.tolist()]
    assert sorted(e.place for e in explanations) == list(range(1, len(explanations) + 1))
    said = {e.topic for e in explanations if e.probability >= e.threshold and not e.implied_by}
    assert news_taxonomy().closure(said) == {tag.topic for tag in tagger.tag(text)}


def test_topics_of_ones_own_take_no_place_among_the_shipped_ones(tagger: bc.TopicClassifier) -> None:
    texts = ["Rini membaca buku di rumah.", "Warga berkumpul.", "Ia pulang sore itu.", CRIME[0], SPORT[0]]
    own = tagger.with_topics([*CRIME, *SPORT], [["kasus"]] * len(CRIME) + [[]] * len(SPORT))
    shipped = np.isin(own.classes_, tagger.classes_)
    assert (own.predict(texts)[:, shipped] == tagger.predict(texts)).all()
    assert (own.shares_[:, ~shipped] == 1).all()
    assert (own.shares_[:, shipped] == tagger.shares_).all()


def test_a_batch_holds_one_article_at_least() -> None:
    for size in (0, -1):
        with pytest.raises(InputError, match=f"batch_size must be 1 or more, got {size}"):
            list(bc.load().pipe(["Polisi"], batch_size=size))
    with pytest.raises(NotFittedError):
        bc.TopicClassifier().tag("Polisi")


def test_top_reasons_are_the_strongest_for_the_topic(model: bc.TopicClassifier) -> None:
    top = model.explain(CRIME[0], "kriminal").top(3)
    assert len(top) == 3
    assert top[0].value >= top[1].value >= top[2].value > 0


def test_an_unknown_topic_is_named_with_the_nearest(model: bc.TopicClassifier) -> None:
    with pytest.raises(UnknownTopicError, match="did you mean 'kriminal'"):
        model.explain("x", "kriminil")


# -------------------------------------------------------------------- the shipped model


@needs_shared
def test_the_article_that_this_project_began_with(tagger: bc.TopicClassifier) -> None:
    raw = (SHARED / "real" / "narasikepri-interpol.txt").read_text(encoding="utf-8")
    topics = {tag.topic for tag in tagger.tag(raw)}
    assert {"perlindungan-anak", "kekerasan-seksual", "kriminal", "internasional"} <= topics
    assert not {"bea-cukai", "narkoba"} & topics


@pytest.mark.parametrize(
    "text", ["", " \n\t ", "…", "\x00\x00", "\ud800", "Baca juga: Polisi Tangkap Pencuri", "123 456"]
)
def test_nothing_to_go_by_gives_no_tags(tagger: bc.TopicClassifier, text: str) -> None:
    assert tagger.tag(text) == ()


def test_english_gives_no_confident_tags(tagger: bc.TopicClassifier) -> None:
    text = "The committee will meet on Thursday afternoon to look at the new rules and to hear people who live nearby."
    assert all(tag.probability < 0.9 for tag in tagger.tag(text))


def test_five_megabytes_on_one_line(tagger: bc.TopicClassifier) -> None:
    line = "Polisi menangkap tiga tersangka pencurian sepeda motor di Bekasi. " * 80_000
    assert len(line) > 5_000_000
    assert "kriminal" in {tag.topic for tag in tagger.tag(line)}


def test_broken_characters_do_not_hide_the_topic(tagger: bc.TopicClassifier) -> None:
    text = "Polisi\x00 menangkap\ud800 tersangka\u200b pencurian dan penganiayaan di Bekasi, korban ditikam pelaku."
    assert "kriminal" in {tag.topic for tag in tagger.tag(text)}


@pytest.mark.parametrize("article", [None, 3, b"bytes", ["list"], {"text": "dict"}])
def test_what_is_no_article_is_refused(tagger: bc.TopicClassifier, article: object) -> None:
    with pytest.raises(InputError, match="an article must be an Article or a string, got"):
        tagger.tag(article)  # type: ignore[arg-type] # that is the point


def test_fields_of_an_article_must_be_strings() -> None:
    with pytest.raises(InputError, match="title must be a string, got NoneType"):
        bc.Article(text="x", title=None)  # type: ignore[arg-type] # that is the point


@pytest.mark.parametrize("single", ["Polisi menangkap pencuri", b"Polisi", bc.Article(text="Polisi")])
def test_a_single_article_is_not_taken_for_many(single: object) -> None:
    """The letters of a string would each be tagged; scikit-learn's vectorisers refuse it too."""
    tagger = bc.load()
    for call in (tagger.predict_proba, tagger.predict, tagger.decision_function, lambda x: next(tagger.pipe(x))):
        with pytest.raises(
            InputError, match=r"expected several articles, got a single (str|bytes|Article): put it in a list"
        ):
            call(single)
