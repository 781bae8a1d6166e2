"""Topics, what implies what, and what is wrong with a taxonomy file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beritaclass._resources import data_path
from beritaclass.errors import TaxonomyError, UnknownTopicError
from beritaclass.taxonomy import Taxonomy, Topic, news_taxonomy, parse_taxonomy, read_taxonomy
from conftest import SHARED, needs_shared

SLUGS = sorted(t.slug for t in news_taxonomy())


def test_shipped_taxonomy_has_the_42_topics_with_definitions_and_iptc_codes() -> None:
    topics = list(news_taxonomy())
    assert len(topics) == 42
    for topic in topics:
        assert topic.name, topic.slug
        assert topic.about, topic.slug
        assert topic.not_about, topic.slug
        assert all(re.fullmatch(r"medtop:\d{8}", code) for code in topic.qcodes), topic.slug


@needs_shared
def test_shipped_taxonomy_is_the_project_s() -> None:
    assert data_path("topics.toml").read_bytes() == (SHARED / "taxonomy" / "topics.toml").read_bytes()


@given(st.sets(st.sampled_from(SLUGS)))
def test_closure_holds_what_is_implied_and_nothing_else(slugs: set[str]) -> None:
    closure = news_taxonomy().closure(slugs)
    assert slugs <= closure
    assert news_taxonomy().closure(closure) == closure
    implied = {b for s in slugs for b in news_taxonomy()[s].broader}
    assert closure == slugs | implied  # no chain is longer than one here


def test_closure_follows_chains() -> None:
    chain = Taxonomy({"a": Topic("a", broader=("b",)), "b": Topic("b", broader=("c",)), "c": Topic("c")})
    assert chain.closure(["a"]) == {"a", "b", "c"}


def test_a_topic_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownTopicError, match="no topic 'kriminel'; did you mean 'kriminal'"):
        news_taxonomy()["kriminel"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[a]\nimplies = ['b']", "'a' implies 'b', which is not a topic"),
        ("[a]\nimplies = ['b']\n[b]\nimplies = ['a']", "runs in a circle"),
        ("[a]\nimplies = ['a']", "runs in a circle"),
        ("[a]\nnam = 'x'", r"\[a\] nam = 'x' does not belong"),
        ("[a]\nimplies = 'b'", "does not belong"),
        ("a = 3", "'a' must be a table"),
        ("", "no topics"),
        ("[a", "not a TOML file"),
    ],
)
def test_a_wrong_taxonomy_says_what_is_wrong(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "topics.toml"
    path.write_text(content)
    with pytest.raises(TaxonomyError, match=message):
        read_taxonomy(path)


def test_a_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "topics.toml"
    path.write_bytes("[a]\nname = 'café'".encode("latin-1"))
    with pytest.raises(TaxonomyError, match="not UTF-8"):
        read_taxonomy(path)


_words = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


@given(
    st.dictionaries(
        _words.filter(bool), st.builds(Topic, st.just(""), _words, _words, _words, about=_words), min_size=1
    )
)
def test_a_taxonomy_survives_being_written_and_read(topics: dict[str, Topic]) -> None:
    named = {slug: Topic(slug, t.name, t.name_en, t.group, (), (), t.about) for slug, t in topics.items()}
    named.pop("version", None)
    if named:
        taxonomy = Taxonomy(named, "7")
        assert parse_taxonomy(taxonomy.to_toml()) == taxonomy


def test_the_shipped_taxonomy_survives_being_written_and_read() -> None:
    assert parse_taxonomy(news_taxonomy().to_toml()) == news_taxonomy()
