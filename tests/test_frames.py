"""Data frames in, data frames out."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

import beritaclass as bc
from beritaclass.errors import InputError

TEXTS = ["Polisi menangkap pencuri motor di Bekasi", "Timnas menang lewat gol penalti", ""]


@pytest.fixture(scope="module")
def model() -> bc.TopicClassifier:
    return bc.TopicClassifier(vectorizer=bc.TopicVectorizer(min_df=1), n_folds=2).fit(
        TEXTS[:2] * 4, [["kriminal"], ["olahraga"]] * 4
    )


def test_pandas_keeps_index_and_columns_and_is_not_changed(model: bc.TopicClassifier) -> None:
    frame = pd.DataFrame({"isi": [*TEXTS, None, float("nan")], "n": range(5)}, index=[5, 3, 3, 8, 1])
    before = frame.copy()
    tagged = bc.tag_frame(frame, text="isi", model=model)
    assert isinstance(tagged, pd.DataFrame)
    assert tagged.index.tolist() == [5, 3, 3, 8, 1]
    assert tagged.columns.tolist() == ["isi", "n", "tags"]
    assert tagged["tags"].tolist() == [["kriminal"], ["olahraga"], [], [], []]
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("dtype", ["object", "str", "string", "string[pyarrow]", "category"])
def test_a_missing_value_of_any_kind_is_an_empty_text(model: bc.TopicClassifier, dtype: str) -> None:
    frame = pd.DataFrame({"text": pd.Series([TEXTS[0], pd.NA], dtype=dtype)})
    assert bc.tag_frame(frame, model=model)["tags"].tolist() == [["kriminal"], []]


def test_scores_and_titles(model: bc.TopicClassifier) -> None:
    frame = pd.DataFrame({"text": ["", ""], "judul": TEXTS[:2]})
    tagged = bc.tag_frame(frame, title="judul", model=model, scores=True)
    articles = [bc.Article(title=title) for title in TEXTS[:2]]
    assert tagged[["score_kriminal", "score_olahraga"]].to_numpy().tolist() == model.predict_proba(articles).tolist()


def test_columns_are_found_by_their_usual_names(model: bc.TopicClassifier) -> None:
    frame = pd.DataFrame({"Judul Berita": ["Pencuri Motor", "Gol Penalti"], "ISI": TEXTS[:2], 7: [1, 2]})
    found = bc.tag_frame(frame, model=model, scores=True)
    named = bc.tag_frame(frame, text="ISI", title="Judul Berita", model=model, scores=True)
    assert found["tags"].tolist() == [["kriminal"], ["olahraga"]]
    pd.testing.assert_frame_equal(found, named)
    other = frame.assign(paragraf=TEXTS[1::-1])
    assert bc.tag_frame(other, text="paragraf", model=model)["tags"].tolist() == [["olahraga"], ["kriminal"]]


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_other_tables(library: str, model: bc.TopicClassifier) -> None:
    module = pytest.importorskip(library)
    frame = module.DataFrame({"text": TEXTS}) if library == "polars" else module.table({"text": TEXTS})
    tagged = bc.tag_frame(frame, model=model, scores=True)
    assert type(tagged) is type(frame)
    rows = tagged.to_dicts() if library == "polars" else tagged.to_pylist()
    assert [row["tags"] for row in rows] == [["kriminal"], ["olahraga"], []]
    assert rows[0]["score_kriminal"] > 0.5


def test_an_empty_frame(model: bc.TopicClassifier) -> None:
    assert bc.tag_frame(pd.DataFrame({"text": []}), model=model)["tags"].tolist() == []


@pytest.mark.parametrize(
    "given",
    [TEXTS, pd.Series(TEXTS), pl.LazyFrame({"text": TEXTS}), pd.DataFrame([TEXTS], columns=["text", "x", "x"])],
)
def test_what_is_no_table_is_an_error(model: bc.TopicClassifier, given: object) -> None:
    with pytest.raises(InputError, match=f"expected a pandas or polars DataFrame .*, got {type(given).__name__}"):
        bc.tag_frame(given, model=model)


def test_what_is_wrong_is_named(model: bc.TopicClassifier) -> None:
    frame = pd.DataFrame({"isi": TEXTS})
    with pytest.raises(InputError, match="no column 'text'; there are 'isi'"):
        bc.tag_frame(frame, text="text", model=model)
    with pytest.raises(InputError, match="no column for the text; there are 'paragraf'; name it by text="):
        bc.tag_frame(pd.DataFrame({"paragraf": TEXTS}), model=model)
    with pytest.raises(InputError, match="already has the column 'tags'"):
        bc.tag_frame(frame.assign(tags=1), text="isi", model=model)
    with pytest.raises(InputError, match="column 'isi', row 1: expected a string, found int 7"):
        bc.tag_frame(pd.DataFrame({"isi": ["x", 7]}), text="isi", model=model)


def test_a_column_is_named_by_a_string() -> None:
    with pytest.raises(InputError, match="name columns by strings, got 0; rename the column"):
        bc.tag_frame(pd.DataFrame([["Gempa"]]), text=0)
