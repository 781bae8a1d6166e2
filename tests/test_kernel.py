"""The compiled loops, each against the plain way to the same answer."""

from __future__ import annotations

import re
import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="needs the extra 'fast'")

from beritaclass import kernel
from beritaclass.preprocessing.cleaning import Rule, Rules, after_stop, clean_text, default_rules, said_twice
from beritaclass.preprocessing.repair import repair
from beritaclass.preprocessing.scanning import BatchCleaner, default_cleaner, ends_of
from beritaclass.preprocessing.tokenization import fold, surfaces
from beritaclass.vectorizer import _interrupts_held

PIECES = [
    *(
        "Baca juga: ",
        "BACA JUGA ",
        "baca juga",
        "\n",
        "\n\n",
        " ",
        "(",
        "[",
        "ADVERTISEMENT",
        "Penulis: Ani\n",
        "Simak “",
        "Saturday, August 9, 2025\n",
        "Sunday",
    ),
    *(
        "©",
        "© 2020",
        "Jakarta, ",
        "polisi",
        "Menangkap",
        "…",
        "“kata”",
        "Jum’at",
        "é",
        "Â",
        "&amp;",
        "& ",
        "R&D",
        "\x00",
    ),
    *("\u200b", "\ud800", "😀", "ﬁ", "a\u0301", "-", "'", ".", "spot_img", "SCROLL TO CONTINUE WITH CONTENT", "K"),
    *("(fca/ita)", "(rin)\n", "[Gambas:Video]", "\nKapal Karam di Selat Kapal Karam di Selat", "&a", "mp;"),
]
dirty = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=25).map("".join)
word = st.text("abc0-'", min_size=1, max_size=30)


def folded(codes: bytes) -> str:
    return codes.translate(default_cleaner().folded).decode("ascii")


@settings(max_examples=300)
@given(st.lists(dirty, max_size=6))
def test_a_batch_is_cleaned_as_its_texts_are(texts: list[str]) -> None:
    cleaned, codes = default_cleaner().clean(texts)
    assert cleaned == [clean_text(text) for text in texts]
    assert [folded(c) for c in codes] == [fold(text) for text in cleaned]


@settings(max_examples=300)
@given(st.lists(dirty, max_size=6))
def test_the_scan_finds_the_places_that_the_rules_find(texts: list[str]) -> None:
    odd, twice, places = default_cleaner().scan([default_cleaner().encode(text) for text in texts], range(len(texts)))
    for t, text in enumerate(texts):
        assert t in odd or repair(text) == text
        assert t in twice or not said_twice(text)
        plain = list(default_rules().places_plainly(text))
        found = places.get(t, [])
        assert [place for place in plain if place in found] == found
        for at, rules in plain:
            assert (at, rules) in found or (rules == default_rules().common and not after_stop(text, at, 0))


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Hujan turun\nADVERTISEMENT\n(rin)", "Hujan turun"),
        ("Hujan turun ADVERTISEMENT (rin)", "Hujan turun"),
        ("Hujan turun [Gambas:Video](RMOL) Angin", "Hujan turun (RMOL) Angin"),
        ("Hujan &a[Gambas:Video]mp; angin", "Hujan &a; angin"),
        ("Hujan.\nKapal Karam di Selat Sunda Kapal Karam di Selat Sunda\nAngin.", "Hujan.\nAngin."),
    ],
)
def test_what_only_a_cut_brings_about(raw: str, cleaned: str) -> None:
    assert clean_text(raw) == cleaned
    assert default_cleaner().clean([raw])[0] == [cleaned]


def test_a_cut_that_would_make_an_entity_takes_more() -> None:
    rule = Rule(" iklan", (" iklan",), "anywhere", None, re.compile(""), headline=False)
    text = "Hujan & iklanamp; angin"
    assert BatchCleaner(Rules((rule,))).clean([text])[0] == ["Hujan &p; angin"]


@given(st.lists(st.lists(word, max_size=20).map(" ".join), max_size=5))
def test_words_get_the_id_that_they_resolve_to(texts: list[str]) -> None:
    asked: list[bytes] = []

    def resolve(surface: bytes) -> int:
        asked.append(surface)
        return hash(surface) % 1000 + kernel.EMPTY

    table = kernel.WordTable(default_cleaner().symbol, resolve)
    codes = [text.encode() for text in texts]
    expected = [resolve(surface.encode()) for text in texts for surface in surfaces(text)]
    for _ in range(2):
        ids, ends = table.read(b"".join(codes), ends_of(codes))
        assert ids.tolist() == expected
        assert np.diff(ends, prepend=0).tolist() == [len(surfaces(text)) for text in texts]
    asked.clear()
    table.read(b"".join(codes), ends_of(codes))
    assert all(len(surface) > 20 for surface in asked)


def test_the_table_grows_and_is_emptied_at_its_limit() -> None:
    table = kernel.WordTable(default_cleaner().symbol, int, limit=6_000)
    for start in (0, 5_000, 10_000, 0):
        text = " ".join(map(str, range(start, start + 5_000)))
        ids, _ = table.read(text.encode(), np.array([len(text)]))
        assert ids.tolist() == list(range(start, start + 5_000))
        assert table.n_words <= 10_000


def test_words_at_the_edge_of_the_table_stay_apart() -> None:
    words = ["a" * n for n in (1, 11, 12, 13, 19, 20, 21, 22)] + ["'" * 20, "-" * 20, "a" * 12 + "b", "b" + "a" * 12]
    table = kernel.WordTable(default_cleaner().symbol, lambda surface: words.index(surface.decode()))
    text = " ".join(words)
    for _ in range(2):
        assert table.read(text.encode(), np.array([len(text)]))[0].tolist() == list(range(len(words)))
    # A word ends with its text, though the next one begins at once.
    assert table.read(b"aa", np.array([1, 2]))[0].tolist() == [0, 0]


@given(st.lists(st.integers(0, 2**40), unique=True, max_size=200), st.integers(0, 2**40))
def test_every_pair_is_found(keys: list[int], other: int) -> None:
    pairs = kernel.PairTable(np.array(sorted(keys), np.int64))
    assert [pairs.number(key) for key in sorted(keys)] == list(range(len(keys)))
    assert (pairs.number(other) >= 0) == (other in keys)


@given(st.lists(st.integers(0, 2**21 - 1), max_size=300))
def test_terms_are_sorted(terms: list[int]) -> None:
    array = np.array(terms, np.int64)
    kernel.sort_terms(array, np.empty_like(array), len(array), 21)
    assert array.tolist() == sorted(terms)


def test_an_interrupt_while_the_kernel_loads_comes_after_it() -> None:
    """numba's C code would swallow it, and a run would go on as if nobody had pressed Ctrl-C."""
    done = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - that it comes after the block is the point
        with _interrupts_held():
            signal.raise_signal(signal.SIGINT)
            done.append("loaded")
        done.append("never")
    assert done == ["loaded"]
    assert signal.getsignal(signal.SIGINT) is before
