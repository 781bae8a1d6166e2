"""Folding keeps every offset, and the fast way to the words is the plain way."""

from __future__ import annotations

import doctest
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beritaclass.preprocessing import tokenization
from beritaclass.preprocessing.tokenization import KEPT, TABLE, Token, fold, surfaces, tokenize

ANY_TEXT = st.text(st.characters(codec=None))  # lone surrogates too
KEPT_OR_SPACE = frozenset(KEPT + " ")


def test_every_character_becomes_one_character():
    table = type(TABLE)()  # the shared one remembers what it is asked
    for code in range(sys.maxunicode + 1):
        folded = table[code]
        assert len(folded) == 1, hex(code)
        assert folded in KEPT_OR_SPACE, hex(code)
        assert table[ord(folded)] == folded, hex(code)


@pytest.mark.parametrize(
    ("written", "folded"),
    [("AÉñİıßẞØǿﬁ", "aeniissoof"), ("’‘`´ʼ‑‐", "'''''--"), ("7\uff17", "77")],
)
def test_letters_digits_hyphens_and_apostrophes_stay(written, folded):
    assert written.translate(TABLE) == folded


def test_everything_else_becomes_space():
    assert not "–—._/&…“”\n\t\0\xa0\u200b\ud800😀الЖ".translate(TABLE).strip(" ")


@given(ANY_TEXT)
@example("İstanbul ß \ud800 😀 Jum’at")
def test_fast_fold_is_translate(text):
    assert fold(text) == text.translate(TABLE)
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


@given(ANY_TEXT)
def test_tokens_stand_where_they_say_and_are_the_surfaces(text):
    tokens = tokenize(text)
    assert [token.surface for token in tokens] == surfaces(text)
    for token in tokens:
        assert fold(text[token.start : token.end]) == token.surface
        assert token.surface.strip() == token.surface != ""


def test_words_of_a_headline():
    headline = "KPK: “Rp500 juta” untuk anak-anaknya di Café Jum’at, 17/8/2025 (Foto: Antara/HO)"
    assert " ".join(surfaces(headline)) == "kpk rp500 juta untuk anak-anaknya di cafe jum'at 17 8 2025 foto antara ho"


def test_a_token_is_a_plain_tuple():
    assert tokenize(" Polri!") == [Token("polri", 1, 6)] == [("polri", 1, 6)]


@pytest.mark.parametrize("nothing", ["", " \n", "…", "\ud800"])
def test_text_without_words_has_none(nothing):
    assert surfaces(nothing) == []
    assert tokenize(nothing) == []


def test_the_example_of_the_module():
    results = doctest.testmod(tokenization)
    assert results.attempted
    assert not results.failed
