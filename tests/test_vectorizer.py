"""Articles to rows: what the matrix holds, and that scikit-learn's own vectoriser gives the same."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.validation import check_is_fitted

from beritaclass import Article, TopicVectorizer
from beritaclass.errors import InputError
from beritaclass.preprocessing.cleaning import clean_text
from beritaclass.preprocessing.stemming import default_stemmer
from beritaclass.preprocessing.tokenization import surfaces
from beritaclass.vectorizer import FIELDS, cleaned_fields

WORDS = [
    *("menteri", "keuangan", "mengumumkan", "anggaran", "anak-anak", "pencabulan", "polisi", "menangkap"),
    *("bea", "cukai", "rokok", "ilegal", "2026", "-"),
]
prose = st.lists(st.sampled_from([*WORDS, "Menteri", "dan", "xyzzy", "…", "Rp500"]), max_size=30).map(" ".join)
an_article = st.builds(Article, text=prose, title=prose)

TRAINING = [
    Article(
        title="Bea cukai sita rokok ilegal", text="Petugas bea cukai menyita rokok ilegal dan menangkap dua orang."
    ),
    Article(
        title="Polisi tangkap pelaku pencabulan", text="Polisi menangkap pelaku pencabulan anak-anak di bawah umur."
    ),
    Article(title="Menteri umumkan anggaran", text="Menteri keuangan mengumumkan anggaran 2026 - dan rokok."),
    Article(title="", text="Polisi dan bea cukai menangkap penyelundup rokok ilegal."),
]


def plain_terms(text: str) -> list[str]:
    """The way scikit-learn would go: every stem and every pair of neighbours."""
    stems = [stem for stem in map(default_stemmer().stem, surfaces(clean_text(text))) if stem]
    return stems + [f"{a} {b}" for a, b in pairwise(stems)]


def part(article: Article, field: str, lead_words: int) -> str:
    title, text = cleaned_fields(article)
    if field == "lead":
        return " ".join(surfaces(text)[:lead_words])
    return title if field == "title" else text


def plain_matrix(vectorizer: TopicVectorizer, articles: list[Article]) -> np.ndarray:
    """Rows by scikit-learn's TfidfVectorizer, one a field, with the fitted vocabulary and frequencies."""
    blocks = []
    names = vectorizer.get_feature_names_out()
    weights = (vectorizer.title_weight, vectorizer.lead_weight, 1.0)
    for field, weight in zip(FIELDS, weights, strict=True):
        columns = [i for i, name in enumerate(names) if name.startswith(f"{field}: ")]
        terms = [names[i].partition(": ")[2] for i in columns]
        tfidf = TfidfVectorizer(analyzer=plain_terms, sublinear_tf=True, vocabulary=terms)
        tfidf.idf_ = vectorizer.idf_[columns]
        blocks.append(
            tfidf.transform([part(article, field, vectorizer.lead_words) for article in articles]).toarray() * weight
        )
    return np.hstack(blocks)


@settings(max_examples=60)
@given(st.lists(an_article, min_size=1, max_size=6), st.sampled_from([0, 3, None]))
def test_rows_are_those_of_scikit_learn(articles: list[Article], max_pairs: int | None) -> None:
    vectorizer = TopicVectorizer(min_df=1, max_df=1.0, title_min_df=1, lead_words=5, max_pairs=max_pairs).fit(TRAINING)
    rows = vectorizer.transform(articles).toarray()
    assert rows == pytest.approx(plain_matrix(vectorizer, articles), abs=1e-6)


def test_document_frequencies_are_those_of_scikit_learn() -> None:
    vectorizer = TopicVectorizer(min_df=1, max_df=1.0, title_min_df=1, lead_words=5, max_pairs=None).fit(TRAINING)
    names = vectorizer.get_feature_names_out()
    for field in FIELDS:
        reference = TfidfVectorizer(analyzer=plain_terms, sublinear_tf=True).fit(
            [part(a, field, vectorizer.lead_words) for a in TRAINING]
        )
        idf = dict(zip(reference.get_feature_names_out(), reference.idf_, strict=True))
        if field == "lead":  # which has no columns for pairs
            idf = {term: value for term, value in idf.items() if " " not in term}
        mine = {
            n.partition(": ")[2]: i for n, i in zip(names, vectorizer.idf_, strict=True) if n.startswith(f"{field}: ")
        }
        assert mine == pytest.approx(idf, abs=1e-6)


@given(st.lists(an_article, min_size=2, max_size=6))
def test_a_row_does_not_depend_on_its_neighbours(articles: list[Article]) -> None:
    vectorizer = TopicVectorizer(min_df=1, max_df=1.0, title_min_df=1, lead_words=5).fit(TRAINING)
    together = vectorizer.transform(articles).toarray()
    alone = np.vstack([vectorizer.transform([article]).toarray() for article in articles])
    assert (together == alone).all()


@given(an_article)
def test_each_weight_has_its_places(article: Article) -> None:
    vectorizer = TopicVectorizer(min_df=1, max_df=1.0, title_min_df=1, lead_words=5).fit(TRAINING)
    names = vectorizer.get_feature_names_out()
    row = vectorizer.transform([article])
    places = {}
    for field in FIELDS:
        text = cleaned_fields(article)[0 if field == "title" else 1]
        places |= {i: (text, spans) for i, spans in vectorizer.locate(text, field).items()}
    assert set(places) == set(row.indices.tolist())
    for i, (text, spans) in places.items():
        for start, end in spans:
            stems = [s for s in map(default_stemmer().stem, surfaces(text[start:end])) if s]
            assert " ".join(stems) == names[i].partition(": ")[2]


def test_titles_have_columns_of_their_own() -> None:
    vectorizer = TopicVectorizer(min_df=1, max_df=1.0, title_min_df=1, lead_words=5).fit(TRAINING)
    in_title = vectorizer.transform([Article(title="rokok")])
    in_text = vectorizer.transform([Article(text="rokok")])
    names = vectorizer.get_feature_names_out()
    assert names[in_title.indices].tolist() == ["title: rokok"]
    assert in_title.data == pytest.approx([vectorizer.title_weight])
    assert names[in_text.indices].tolist() == ["lead: rokok", "text: rokok"]
    assert in_text.data == pytest.approx([vectorizer.lead_weight, 1.0])


def test_the_headline_that_a_text_begins_with_stands_in_for_a_missing_title() -> None:
    body = "Petugas menyita rokok ilegal di pelabuhan pada Senin malam."
    whole = Article(text=f"Bea Cukai Sita Rokok Ilegal\n\n{body}")
    assert cleaned_fields(whole)[0] == "Bea Cukai Sita Rokok Ilegal"
    assert cleaned_fields(Article(title="Lain", text=whole.text))[0] == "Lain"
    assert cleaned_fields(Article(text=f"{body}\n\n{body}"))[0] == ""
    assert cleaned_fields(Article(text="Bea Cukai Sita Rokok Ilegal"))[0] == ""


def test_a_teaser_has_no_weight() -> None:
    vectorizer = TopicVectorizer(min_df=1, max_df=1.0).fit(TRAINING)
    bare = "Menteri keuangan mengumumkan anggaran."
    assert (
        vectorizer.transform([bare]).toarray()
        == vectorizer.transform([f"{bare}\n\nBaca juga: Bea Cukai Sita Rokok Ilegal\n"]).toarray()
    ).all()


def test_limits_of_the_vocabulary() -> None:
    vectorizer = TopicVectorizer(min_df=2, max_df=0.5, max_pairs=2, title_min_df=1, lead_words=5).fit(TRAINING)
    assert "menter" not in vectorizer.stems_
    assert "rokok" not in vectorizer.stems_  # in three of four articles
    assert len(vectorizer.pair_keys_) <= 2
    with pytest.raises(InputError, match="no stem stands in at least 9"):
        TopicVectorizer(min_df=9).fit(TRAINING)


def test_it_is_an_estimator() -> None:
    vectorizer = TopicVectorizer(min_df=3, title_weight=0.9)
    assert clone(vectorizer).get_params() == vectorizer.get_params()
    assert repr(vectorizer) == "TopicVectorizer(min_df=3, title_weight=0.9)"
    with pytest.raises(ValueError, match="Invalid parameter 'min_fd'"):
        vectorizer.set_params(min_fd=1)
    with pytest.raises(ValueError, match="not fitted yet"):
        vectorizer.transform(["x"])
    check_is_fitted(TopicVectorizer(min_df=1).fit(TRAINING))


def test_it_travels_to_other_processes() -> None:
    vectorizer = TopicVectorizer(min_df=1).fit(TRAINING)
    there = pickle.loads(pickle.dumps(vectorizer))
    assert (there.transform(TRAINING).toarray() == vectorizer.transform(TRAINING).toarray()).all()


def test_nothing_gives_empty_rows() -> None:
    vectorizer = TopicVectorizer(min_df=1).fit(TRAINING)
    assert vectorizer.transform([]).shape == (0, len(vectorizer.idf_))
    assert vectorizer.transform(["", " \n ", "…!?"]).nnz == 0
