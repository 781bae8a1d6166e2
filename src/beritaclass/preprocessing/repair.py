"""Repairs the characters of scraped text: mojibake, entities, zero-width and control characters, odd forms."""

from __future__ import annotations

import re
from html import unescape
from unicodedata import is_normalized, normalize

# Text that was encoded or escaped over and over is mended layer by layer; no newsroom's pipeline is deeper.
_MOST_ROUNDS = 16

# Bytes that are right as they are: printable ASCII, tab and newline; '&' may open an entity.
_PLAIN = bytes({*range(0x20, 0x7F), 0x09, 0x0A} - {ord("&")})
# Characters beyond ASCII that are right as they are: typography and the letters of names.
_FINE = re.compile("[&‘’“”–—…•·«»°×éèêëüöäåñçóòôõíìîúùûáàøæœßşğčćžšđÉÖÜÇŞ€£]*")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d{0,2});")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOJIBAKE = re.compile("[ÂÃ\x80-\x9f]|[ÄÅÆÇÈÉØÙÐÑÎÏàáâãäåæçèéïðŸÿÌÍ√≈┬├╬][^\x00-\x7f]")
# ftfy judges and mends a stretch as a whole: short ones are mended sooner, and do not stop one another.
_STRETCH = re.compile(r"[^\n]{0,2}[^\x00-\x7f](?:[^\n]{0,16}?[^\x00-\x7f])*[^\n]{0,2}")
_NEWLINE = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb]"
)


def repair(text: str) -> str:
    r"""Return `text` with its characters repaired; the words and their order stay.

    Mojibake is undone (ftfy's `fix_encoding`), HTML entities are resolved, line ends become '\n', zero-width and
    control characters go, lone surrogates become U+FFFD, and the rest is brought to the normal form NFKC, but for the
    ellipsis, which stays one character. Repairing again changes nothing.
    """
    for _ in range(_MOST_ROUNDS):
        odd = odd_characters(text)
        if not odd:
            break
        repaired = _repair_once(text, odd)
        if repaired == text:
            break
        text = repaired
    return text


def repair_plainly(text: str) -> str:
    """Repair without looking first for what there is to repair; `repair` must agree with it."""
    for _ in range(_MOST_ROUNDS):
        repaired = _repair_once(text, text)
        if repaired == text:
            break
        text = repaired
    return text


def odd_characters(text: str) -> str:
    """Return the characters that may need repair, alone or with their neighbour; '' if there are none."""
    odd = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN).decode("utf-8", "surrogatepass")
    fine = _FINE.fullmatch(odd) and not _MOJIBAKE.search(odd) and not ("&" in odd and _ENTITY.search(text))
    return "" if fine else odd


def _repair_once(text: str, odd: str) -> str:
    if _SURROGATE.search(odd):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if "&" in odd:
        text = _ENTITY.sub(lambda entity: unescape(entity[0]), text)
    if _MOJIBAKE.search(odd):
        text = _STRETCH.sub(_fix_stretch, text)
    if _NEWLINE.search(odd):
        text = _NEWLINE.sub("\n", text)
    if _INVISIBLE.search(odd):
        text = _INVISIBLE.sub("", text)
    if not is_normalized("NFKC", text):
        text = "…".join(normalize("NFKC", part) for part in text.split("…"))
    return text


def _fix_stretch(stretch: re.Match[str]) -> str:
    if not _MOJIBAKE.search(stretch[0]):
        return stretch[0]
    from ftfy import fix_encoding  # its tables take a tenth of a second to build, and few texts need them

    return fix_encoding(stretch[0])
