"""The compiled loops (numba, the extra `fast`): find where cleaning has work, words to stem ids, stem ids to weights.

They read texts as bytes, one a character; `preprocessing.scanning` makes them. The plain ways beside them are
`clean_text`, `surfaces` and the numpy code in `vectorizer`; the results are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ODD, FIRST, SMALL_FIRST, LEAD, AMPERSAND, STOP = 1, 2, 4, 8, 16, 32
"""Kinds of bytes for `scan`: bits of its table `kind`."""
UNKNOWN, EMPTY = -1, -2

_LETTER_BITS = np.uint64(6)
_HALF = 10
_LONGEST = 2 * _HALF
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # multiplicative hashing, Knuth 1973, 6.4
_RADIX_BITS = 7


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile at the first call; keep the machine code in a file where one can be written."""
    try:
        compiled: Callable[..., Any] = numba.njit(cache=True)(function)
    except RuntimeError:  # neither __pycache__ nor the user's cache folder can be written
        compiled = numba.njit(function)
    return compiled


@_compiled
def _says_twice(codes: Array, last_lines: int) -> bool:
    """Whether one of the last lines of a text is a piece, a space and the same piece."""
    end = len(codes)
    for _ in range(last_lines):
        start = end
        while start > 0 and codes[start - 1] != 10:
            start -= 1
        if start == 0:
            break
        stop = end
        while stop > start and codes[stop - 1] == 32:
            stop -= 1
        half = (stop - start) // 2
        if half and codes[start + half] == 32:
            i = 0
            while i < half and start + half + 1 + i < stop and codes[start + i] == codes[start + half + 1 + i]:
                i += 1
            if i == half:
                return True
        end = start - 1
    return False


@_compiled
def scan(
    codes: Array,
    ends: Array,
    look: Array,
    kind: Array,
    letter: Array,
    trie: Array,
    word: Array,
    common: int,
    last_lines: int,
) -> Any:
    """Find texts that may need repair, and the places where a word of the trie stands.

    Parameters
    ----------
    codes : ndarray of uint8
        All texts, one after the other, and one byte more.
    ends : ndarray of shape (n_texts,), int64
    look : ndarray of shape (256, 256), bool
        Whether anything can be found at a byte before another; all that follows is looked at only there.
    kind : ndarray of shape (256,), uint8
        ODD: a text with it may need repair; AMPERSAND: so if no space follows; FIRST: words may begin with it;
        SMALL_FIRST: so at the beginning of a text or after a byte of kind LEAD; STOP: it may end a sentence.
    letter : ndarray of shape (256,), uint8
        Column of the trie.
    trie : ndarray of shape (n_nodes, n_letters), int32
        Next node, 0 for none; the root is 0.
    word : ndarray of shape (n_nodes,), int32
        Word that ends in a node, or -1.
    common : int
        The word that counts only at the beginning of a text or after a byte of kind STOP, up to nine blanks between.
    last_lines : int
        Lines at the end of a text, of which one may say the same thing twice.

    Returns
    -------
    odd : ndarray of shape (n_texts,), bool
    twice : ndarray of shape (n_texts,), bool
        Whether one of the last lines does.
    text, at, found : ndarrays of shape (n_places,), int32
        Text, offset in it, and the longest word that stands there.
    """
    odd = np.zeros(len(ends), np.bool_)
    twice = np.zeros(len(ends), np.bool_)
    text = np.empty(len(codes), np.int32)
    at = np.empty(len(codes), np.int32)
    found = np.empty(len(codes), np.int32)
    n_places = 0
    begin = 0
    for t in range(len(ends)):
        here = codes[begin : ends[t] + 1]  # counted from 0, so that numba need not ask at each byte whether i < 0
        end = len(here) - 1
        small_at = 0
        for i in range(end):
            if not look[here[i], here[i + 1]] and i != small_at:
                continue
            k = kind[here[i]]
            may_begin = k & FIRST or (k & SMALL_FIRST and i == small_at)
            if k & LEAD:
                small_at = i + 1
            if k & ODD or (k & AMPERSAND and i + 1 < end and here[i + 1] != 32):
                odd[t] = True
            if not may_begin:
                continue
            node = 0
            longest = -1
            for j in range(i, end):
                node = trie[node, letter[here[j]]]
                if node == 0:
                    break
                if word[node] >= 0:
                    longest = word[node]
            if longest == common:
                j = i - 1
                while j >= 0 and j >= i - 9 and (here[j] == 32 or here[j] == 9):
                    j -= 1
                if j >= 0 and not kind[here[j]] & STOP:
                    continue
            if longest >= 0:
                text[n_places] = t
                at[n_places] = i
                found[n_places] = longest
                n_places += 1
        twice[t] = _says_twice(here[:end], last_lines)
        begin = ends[t]
    return odd, twice, text[:n_places].copy(), at[:n_places].copy(), found[:n_places].copy()


@_compiled
def _slot(slots: Array, low: Any, high: Any) -> Any:
    """Return the slot that holds a word, or the free one where it belongs."""
    mask = len(slots) - 1
    mixed = (low ^ (high * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xD6E8FEB86659FD93)
    place = np.int64(mixed >> np.uint64(24)) & mask
    while slots[place, 0] != 0 and (slots[place, 0] != low or slots[place, 1] != high):
        place = (place + 1) & mask
    return place


@_compiled
def _read_words(codes: Array, ends: Array, symbol: Array, slots: Array, slot_ids: Array) -> Any:
    """Split texts into words and look them up; words that are not there get UNKNOWN and are listed."""
    ids = np.empty((len(codes) + len(ends)) // 2 + 1, np.int32)
    word_ends = np.empty(len(ends), np.int64)
    missed = np.empty((len(ids), 3), np.int32)
    n_words, n_missed, begin = 0, 0, 0
    for t in range(len(ends)):
        here = codes[begin : ends[t]]
        low = high = np.uint64(0)
        length = 0
        for i in range(len(here) + 1):
            s = symbol[here[i]] if i < len(here) else np.uint8(0)
            if s:
                if length < _HALF:
                    low = low << _LETTER_BITS | np.uint64(s)
                else:
                    high = high << _LETTER_BITS | np.uint64(s)
                length += 1
            elif length:
                ids[n_words] = UNKNOWN
                found = length <= _LONGEST
                if found:
                    place = _slot(slots, low, high)
                    found = slots[place, 0] != 0
                if found:
                    ids[n_words] = slot_ids[place]
                else:
                    missed[n_missed] = n_words, begin + i - length, begin + i
                    n_missed += 1
                n_words += 1
                low = high = np.uint64(0)
                length = 0
        word_ends[t] = n_words
        begin = ends[t]
    return ids[:n_words].copy(), word_ends, missed[:n_missed].copy()


@_compiled
def _insert(codes: Array, missed: Array, ids: Array, symbol: Array, slots: Array, slot_ids: Array) -> int:
    """Put the missed words into the table, so far as they are short enough; return how many were new."""
    n_new = 0
    for m in range(len(missed)):
        begin, end = missed[m, 1], missed[m, 2]
        if end - begin > _LONGEST:
            continue
        low = np.uint64(0)
        high = np.uint64(0)
        for i in range(begin, end):
            if i < begin + _HALF:
                low = low << _LETTER_BITS | np.uint64(symbol[codes[i]])
            else:
                high = high << _LETTER_BITS | np.uint64(symbol[codes[i]])
        place = _slot(slots, low, high)
        if slots[place, 0] == 0:
            slots[place, 0], slots[place, 1] = low, high
            slot_ids[place] = ids[missed[m, 0]]
            n_new += 1
    return n_new


@_compiled
def _move(old: Array, old_ids: Array, new: Array, new_ids: Array) -> None:
    for i in range(len(old)):
        if old[i, 0] != 0:
            place = _slot(new, old[i, 0], old[i, 1])
            new[place] = old[i]
            new_ids[place] = old_ids[i]


def _free_slots(n: int) -> tuple[Array, Array]:
    return np.zeros((n, 2), np.uint64), np.zeros(n, np.int32)


class WordTable:
    """Word -> id of its stem, in an open-addressing table that is filled as words are met, within a bound.

    A slot holds the word itself, twenty letters of six bits each: nothing is ever taken for something else. Longer
    words are looked up one by one.

    Parameters
    ----------
    symbol : ndarray of shape (256,), uint8
        1 to 38 for the bytes that words consist of, 0 for the others.
    resolve : callable
        The id of a word that is not in the table, given as bytes.
    limit : int
        Words after which the table is emptied, before the next batch.

    Attributes
    ----------
    n_words : int
        Words in the table.
    """

    def __init__(self, symbol: Array, resolve: Callable[[bytes], int], limit: int = 1 << 18) -> None:
        self._symbol = symbol
        self._resolve = resolve
        self._limit = limit
        self._clear()

    def _clear(self) -> None:
        self._table = _free_slots(1 << 12)
        self.n_words = 0

    def read(self, codes: bytes, ends: Array) -> tuple[Array, Array]:
        """Return the stem ids of all words of the texts, and where each text's words end."""
        if self.n_words >= self._limit:
            self._clear()
        text = np.frombuffer(codes, np.uint8)
        ids, word_ends, missed = _read_words(text, ends, self._symbol, *self._table)
        if len(missed):
            resolved: dict[bytes, int] = {}  # a word is missed again and again until the batch is over
            for word, begin, end in missed.tolist():
                surface = codes[begin:end]
                if surface not in resolved:
                    resolved[surface] = self._resolve(surface)
                ids[word] = resolved[surface]
            while (self.n_words + len(resolved)) * 2 > len(self._table[1]):
                table = _free_slots(2 * len(self._table[1]))
                _move(*self._table, *table)
                self._table = table
            self.n_words += _insert(text, missed, ids, self._symbol, *self._table)
        return ids, word_ends


@_compiled
def _pair_number(filled: Array, slots: Array, numbers: Array, key: Any) -> Any:
    """Return the number of a pair, or -1; the bits of `filled` say of most that they are not there."""
    mixed = np.uint64(key) * _GOLDEN
    bit = mixed >> np.uint64(20)
    if not filled[np.int64(bit >> np.uint64(3)) & (len(filled) - 1)] & (np.uint8(1) << np.uint8(bit & np.uint64(7))):
        return -1
    mask = len(slots) - 1
    place = np.int64(mixed >> np.uint64(32)) & mask
    while slots[place] != -1:
        if slots[place] == key:
            return numbers[place]
        place = (place + 1) & mask
    return -1


@_compiled
def _fill_pairs(filled: Array, slots: Array, numbers: Array, keys: Array) -> None:
    mask = len(slots) - 1
    for i in range(len(keys)):
        mixed = np.uint64(keys[i]) * _GOLDEN
        bit = mixed >> np.uint64(20)
        filled[np.int64(bit >> np.uint64(3)) & (len(filled) - 1)] |= np.uint8(1) << np.uint8(bit & np.uint64(7))
        place = np.int64(mixed >> np.uint64(32)) & mask
        while slots[place] != -1:
            place = (place + 1) & mask
        slots[place] = keys[i]
        numbers[place] = i


class PairTable:
    """Key of a pair -> its number, the place of the key among `keys`."""

    def __init__(self, keys: Array) -> None:
        size = max(8, 1 << (2 * len(keys) - 1).bit_length()) if len(keys) else 8
        self.arrays = (np.zeros(size, np.uint8), np.full(size, -1, np.int64), np.zeros(size, np.int32))
        _fill_pairs(*self.arrays, keys)

    def number(self, key: int) -> int:
        """Return the number of the pair, or -1."""
        return int(_pair_number(*self.arrays, key))


@_compiled
def sort_terms(terms: Array, spare: Array, n: int, n_bits: int) -> None:
    """Sort terms[:n], of at most n_bits each: by insertion if they are few, else by radix."""
    if n <= 24:
        for i in range(1, n):
            term = terms[i]
            j = i
            while j > 0 and terms[j - 1] > term:
                terms[j] = terms[j - 1]
                j -= 1
            terms[j] = term
        return
    starts = np.empty(1 << _RADIX_BITS, np.int64)
    shift = 0
    while shift < n_bits:
        starts[:] = 0
        for i in range(n):
            starts[(terms[i] >> shift) & ((1 << _RADIX_BITS) - 1)] += 1
        total = 0
        for i in range(len(starts)):
            count = starts[i]
            starts[i] = total
            total += count
        for i in range(n):
            digit = (terms[i] >> shift) & ((1 << _RADIX_BITS) - 1)
            spare[starts[digit]] = terms[i]
            starts[digit] += 1
        for i in range(n):
            terms[i] = spare[i]
        shift += _RADIX_BITS


@_compiled
def weigh(
    ids: Array,
    ends: Array,
    lead_words: int,
    n_stems: int,
    pairs: tuple[Array, Array, Array],
    columns: Array,
    idf: Array,
    frequency: Array,
    lengths: Array,
) -> Any:
    """Turn the stem ids of titles and texts, by turns, into the rows of a sparse matrix.

    Parameters
    ----------
    ids : ndarray of shape (n_words,), int32
    ends : ndarray of shape (2 * n_articles,), int64
    lead_words, n_stems : int
    pairs : tuple of ndarrays
        `PairTable.arrays`.
    columns : ndarray of shape (n_terms, 3), int32
        Of title, lead and text; -1 for none.
    idf : ndarray of shape (n_terms, 3), float32
        Beside each other, as the columns, because a term is looked up in all its fields at once.
    frequency : ndarray, float64
        `frequency[n - 1]` is the weight of a term that stands there n times.
    lengths : ndarray of shape (3,), float64
        Of the three parts of a row.

    Returns
    -------
    indptr, indices, data : ndarrays of int32, int32, float32
    """
    filled, slots, numbers = pairs
    n_articles = len(ends) // 2
    indptr = np.zeros(n_articles + 1, np.int32)
    indices = np.empty(4 * len(ids), np.int32)
    data = np.empty(4 * len(ids), np.float32)
    longest = 0
    begin = 0
    for t in range(len(ends)):
        longest = max(longest, ends[t] - begin)
        begin = ends[t]
    terms = np.empty(2 * longest + 1, np.int64)
    spare = np.empty(2 * longest + 1, np.int64)
    counts = np.empty((2 * longest + 1, 2), np.int32)
    weights = np.empty(2 * longest + 1, np.float64)
    n_bits = 1
    while (2 * len(columns)) >> n_bits:
        n_bits += 1
    size = 0
    begin = 0
    for t in range(len(ends)):
        # Twice the term, and one more where it stands in the lead: the lead need not be sorted again.
        n = 0
        left = np.int64(-1)
        for i in range(begin, ends[t]):
            stem = np.int64(ids[i])
            if stem == EMPTY:
                continue
            in_lead = 1 if i < begin + lead_words else 0
            if stem >= 0:
                terms[n] = 2 * stem + in_lead
                n += 1
                if left >= 0:
                    key = left * n_stems + stem
                    number = _pair_number(filled, slots, numbers, key)
                    if number >= 0:
                        terms[n] = 2 * (n_stems + number) + in_lead
                        n += 1
            left = stem
        begin = ends[t]
        sort_terms(terms, spare, n, n_bits)
        n_terms = 0
        last = np.int64(-1)
        for i in range(n):
            term, in_lead = terms[i] >> 1, terms[i] & 1
            if term != last:
                terms[n_terms] = last = term
                counts[n_terms, 0] = counts[n_terms, 1] = 0
                n_terms += 1
            counts[n_terms - 1, 0] += 1
            counts[n_terms - 1, 1] += in_lead
        for field in range(t % 2, 1 + 2 * (t % 2)):  # the title; or lead and text
            start = size
            norm = 0.0
            for i in range(n_terms):
                count = counts[i, field % 2]
                column = columns[terms[i], field]
                if count > 0 and column >= 0:
                    weight = frequency[count - 1] * np.float64(idf[terms[i], field])
                    norm += weight * weight
                    weights[size - start] = weight
                    indices[size] = column
                    size += 1
            scale = lengths[field] / np.sqrt(norm) if norm > 0 else lengths[field]
            for j in range(start, size):
                data[j] = np.float32(weights[j - start] * scale)
        if t % 2 == 1:
            indptr[t // 2 + 1] = size
    return indptr, indices[:size].copy(), data[:size].copy()
