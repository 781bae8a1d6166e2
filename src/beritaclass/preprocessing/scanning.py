"""Cleans many texts at once: one compiled scan finds what needs repair and where a rule could begin.

Texts become bytes, one a character, so that offsets stay: ASCII as it is, and beyond it a byte for everything that
repair, the rules and the tokenizer tell apart. The result is that of `clean_text`, text by text.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Sequence
from functools import cache

import numpy as np

from beritaclass.kernel import AMPERSAND, FIRST, LEAD, ODD, SMALL_FIRST, STOP, Array, scan
from beritaclass.preprocessing.cleaning import (
    COMMON,
    LAST_LINES,
    LEADS,
    MOST_ROUNDS,
    Place,
    Rules,
    after_stop,
    default_rules,
    said_twice,
    stable,
    without,
)
from beritaclass.preprocessing.repair import odd_characters, repair
from beritaclass.preprocessing.tokenization import KEPT, TABLE

_FOLDED = " " + KEPT
_FIRST_SPECIAL = 128 + 2 * len(_FOLDED)


def _needs_care(character: str) -> bool:
    """Whether a text with this character may need repair, whatever stands beside it."""
    return bool(odd_characters(character) or odd_characters(f"{character}…"))


class _Bytes(dict[str, bytes]):
    """Character beyond ASCII -> byte: the letter it folds to and whether it may need repair, or one of its own."""

    def __init__(self, specials: Sequence[str]) -> None:
        super().__init__({c: bytes([_FIRST_SPECIAL + i]) for i, c in enumerate(specials)})

    def __missing__(self, character: str) -> bytes:
        odd = _needs_care(character)
        byte = self[character] = bytes([128 + odd * len(_FOLDED) + _FOLDED.index(TABLE[ord(character)])])
        return byte

    def encode_run(self, error: UnicodeError) -> tuple[bytes, int]:
        assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - the handler is called by no decoder
        run = error.object[error.start : error.end]
        return self[run] if len(run) == 1 else b"".join(map(self.__getitem__, run)), error.end


class BatchCleaner:
    """Cleans batches of texts with the rules given, and encodes them for the kernel.

    Attributes
    ----------
    symbol : ndarray of shape (256,), uint8
        What a byte folds to, as a place in `KEPT`, counted from 1; 0 for a space.
    """

    def __init__(self, rules: Rules) -> None:
        starts = rules._by_start
        self._rules = rules
        self._by_start = list(starts.values())
        specials = sorted({c for start in starts for c in start + start.upper() if not c.isascii()})
        self._error = f"beritaclass.bytes.{id(self)}"
        self._bytes = _Bytes(specials)
        codecs.register_error(self._error, self._bytes.encode_run)
        characters = [chr(code) for code in range(128)] + [""] * 128
        characters[_FIRST_SPECIAL : _FIRST_SPECIAL + len(specials)] = specials
        folded = "".join(TABLE[code] for code in range(128)) + _FOLDED * 2
        folded += "".join(TABLE[ord(c)] for c in specials)
        folded += " " * (256 - len(folded))
        self.symbol = np.array([_FOLDED.index(c) for c in folded], np.uint8)
        self.folded = folded.encode()
        self._letter, self._trie, self._word = _trie(list(starts), characters)
        self._common = list(starts).index(COMMON) if rules.common else -2
        self._kind = np.zeros(256, np.uint8)
        firsts = {start[0] for start in starts}
        for byte, character in enumerate(characters):
            small = character.isascii() and character.islower()
            if character and character.lower() in firsts:
                self._kind[byte] |= SMALL_FIRST if small else FIRST
            if character and character in LEADS:
                self._kind[byte] |= LEAD
            if byte >= 128 or after_stop(f"x{character}", 2, 0):
                self._kind[byte] |= STOP
            if (character and _needs_care(character)) or 128 + len(_FOLDED) <= byte < _FIRST_SPECIAL:
                self._kind[byte] |= ODD
        self._kind[ord("&")] |= AMPERSAND  # an entity may begin
        self._look = self._worth_a_look()

    def _worth_a_look(self) -> Array:
        """Return by two bytes whether there is anything for the scan where the first of them stands."""
        odd, first, small, lead, ampersand = (
            self._kind & kind > 0 for kind in (ODD, FIRST, SMALL_FIRST, LEAD, AMPERSAND)
        )
        node = self._trie[0, self._letter]
        goes_on = self._trie[node[:, None], self._letter] > 0
        begins = first[:, None] & (goes_on | (self._word[node] >= 0)[:, None])
        entity = ampersand[:, None] & (np.arange(256) != ord(" "))
        return np.asarray(odd[:, None] | begins | entity | (lead[:, None] & small))

    def encode(self, text: str) -> bytes:
        """Return a byte a character."""
        return text.encode("ascii", self._error)

    def clean(self, texts: Sequence[str]) -> tuple[list[str], list[bytes]]:
        """Return the cleaned texts, and the same encoded."""
        cleaned = list(texts)
        codes = list(map(self.encode, texts))
        odd, twice, found = self.scan(codes, range(len(texts)))
        for t in odd:
            cleaned[t] = repair(texts[t])
            codes[t] = self.encode(cleaned[t])
        _, twice_there, found_there = self.scan(codes, odd)
        twice = (twice - odd) | twice_there
        found = {t: found[t] for t in found.keys() - odd} | found_there
        for _ in range(MOST_ROUNDS):
            cut = []
            for t in found.keys() | twice:
                text = cleaned[t]
                if spans := self._rules.spans(text, found.get(t, ())) or (t in twice and said_twice(text)):
                    left = without(text, spans)
                    if t in odd or "&" in left:  # where nothing was odd, only half an entity can find its other half
                        left = without(text, stable(text, spans))
                    cleaned[t], codes[t] = left, self.encode(left)
                    cut.append(t)
            if not cut:
                break
            _, twice, found = self.scan(codes, cut)
        return cleaned, codes

    def scan(self, codes: list[bytes], which: Collection[int]) -> tuple[set[int], set[int], dict[int, list[Place]]]:
        """Look through the encoded texts of these numbers.

        Returns
        -------
        odd, twice : set of int
            Texts that may need repair, and those that may say a line twice.
        found : dict
            Text -> the places in it where a rule could begin, if there are any.
        """
        numbers = np.fromiter(which, np.int64, len(which))
        these = [codes[t] for t in which]
        data = np.frombuffer(b"".join([*these, b"\n"]), np.uint8)
        odd, twice, text, at, start = scan(
            data, ends_of(these), self._look, self._kind, self._letter, self._trie, self._word, self._common, LAST_LINES
        )
        found: dict[int, list[Place]] = {}
        for t, place, number in zip(numbers[text].tolist(), at.tolist(), start.tolist(), strict=True):
            found.setdefault(t, []).append((place, self._by_start[number]))
        return set(numbers[odd].tolist()), set(numbers[twice].tolist()), found


def ends_of(codes: list[bytes]) -> Array:
    """Return where each text ends once they stand one after the other."""
    return np.cumsum(np.fromiter(map(len, codes), np.int64, len(codes)))


@cache
def default_cleaner() -> BatchCleaner:
    """Return the cleaner of the shipped rules."""
    return BatchCleaner(default_rules())


def _trie(words: list[str], characters: list[str]) -> tuple[Array, Array, Array]:
    """Return the column of each byte, the next node by node and column, and the word that ends in a node."""
    alphabet = sorted(set("".join(words)))
    column = {c: i + 1 for i, c in enumerate(alphabet)}
    letter = np.array([column.get(c.lower(), 0) for c in characters], np.uint8)
    rows = [[0] * (len(alphabet) + 1)]
    ends = [-1]
    for number, word in enumerate(words):
        node = 0
        for c in word:
            if not rows[node][column[c]]:
                rows[node][column[c]] = len(rows)
                rows.append([0] * (len(alphabet) + 1))
                ends.append(-1)
            node = rows[node][column[c]]
        ends[node] = number
    return letter, np.array(rows, np.int32), np.array(ends, np.int32)
