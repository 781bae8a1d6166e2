"""Text to words: every character is folded to exactly one character, then the text is split at spaces.

>>> surfaces("KPK menahan Bupati Pati, anak-anaknya di Café Jum’at lalu!")
['kpk', 'menahan', 'bupati', 'pati', 'anak-anaknya', 'di', 'cafe', "jum'at", 'lalu']
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple

KEPT = "abcdefghijklmnopqrstuvwxyz0123456789-'"
_SPECIAL = dict(zip("‐‑’‘ʼ`´ßøđłıæœðþ", "--'''''sodliaodt", strict=True))


class _Table(dict[int, str]):
    """What a character becomes, worked out at its first appearance."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    """Lower-case letter without its accents, digit, hyphen, apostrophe or space."""
    character = character.lower()[0]
    base = unicodedata.normalize("NFKD", character)[0].lower()
    folded = _SPECIAL.get(character) or _SPECIAL.get(base, base)
    return folded if folded in KEPT else " "


TABLE = _Table()
"""Character → character, for `str.translate`; 'É' becomes 'e', '.' a space. Length and offsets stay as they are."""

_ASCII = bytes(ord(TABLE[code]) if code < 128 else 32 for code in range(256))


def _fold_run(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - the handler is called by no decoder
    return "".join([TABLE[ord(c)] for c in error.object[error.start : error.end]]), error.end


codecs.register_error("beritaclass.fold", _fold_run)


def fold(text: str) -> str:
    """Return `text.translate(TABLE)`, at the speed of `bytes.translate` (str.translate is slow beyond ASCII)."""
    return text.encode("ascii", "beritaclass.fold").translate(_ASCII).decode("ascii")


def surfaces(text: str) -> list[str]:
    """Split a text into its words, folded to lower case.

    Hyphens and apostrophes join ('anak-anak', "jum'at"); what else is neither letter nor digit separates. The text
    should have passed `repair`, which composes letters and their accents into one character.
    """
    return fold(text).split()


class Token(NamedTuple):
    """A word of a text.

    Parameters
    ----------
    surface : str
        The word, folded as `surfaces` folds it.
    start, end : int
        Where it stands: `text[start:end]`.
    """

    surface: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Split a text into words that know where they stand; the surfaces are those of `surfaces`."""
    return [Token(match[0], *match.span()) for match in re.finditer(r"[^ ]+", fold(text))]
