"""Tells where the headline of a teaser ends, when the scraper glued the article's next sentence to it.

A line of its own is the easy case. Else the words are walked: a headline Is Written Like This with few small words
(di, dan, yang), and the first small word that is none of those belongs to the sentence that follows.
"""

from __future__ import annotations

import re

LONGEST = 320
"""Characters that a headline, or three glued together, take at most."""

_LONGEST_LINE = 150
_FEWEST_WORDS = 4
_MOST_LINES = 5
_MOSTLY_BIG = 0.7
_SURELY_BIG = 0.9

_WORD = re.compile(r"\S+")
# fmt: off
_SMALL_WORDS = frozenset({
    "di", "ke", "dari", "dan", "yang", "untuk", "dengan", "pada", "atau", "oleh", "dalam", "soal", "usai", "saat",
    "agar", "hingga", "jadi", "tak", "demi", "vs", "bagi", "per", "sebagai", "tentang", "karena", "ala", "lewat",
    "tapi", "jika", "sampai", "sejak", "via", "setelah", "sebelum", "seperti", "terhadap", "buat", "atas",
    "kepada", "akibat", "asal", "gegara", "gara-gara", "pun", "bak", "cs", "dkk", "alias", "meski", "tanpa",
    "biar", "daripada", "ketimbang", "nan", "bin", "sang", "si", "eks", "x", "&", "-", "–", "—", "|", "/", "+",
    "vs.", "the", "of", "and", "in", "on", "at", "a", "an", "to", "for", "with", "de", "da", "van"
})
# fmt: on
_ACTIVE = ("me", "ber", "di", "ter", "pe", "ujar", "kata", "tutur", "jelas", "akan", "telah", "sudah", "juga", "adalah")
# Words that open a sentence of the article, and hardly ever stand inside a headline: followed by anything, or by a
# small word only.
# fmt: off
_OPENERS = frozenset({
    "Menurut", "Menurutnya", "Sementara", "Sebelumnya", "Adapun", "Diketahui", "Kendati", "Selanjutnya",
    "Dijelaskan", "Dijelaskannya", "Ditambahkan", "Pasalnya", "Diberitakan", "Berdasarkan", "Dibandingkan",
    "Sedangkan"
})
_OPENERS_BEFORE_SMALL = frozenset({
    "Namun", "Selain", "Ia", "Dia", "Meskipun", "Kemudian", "Padahal", "Bahkan", "Apalagi", "Sehingga", "Lalu",
    "Hal"
})
# Words that open a sentence, with a name after them, at least twice as often as they stand late in a headline of the
# corpus: those of whoever does something, before a verb, and others.
_SUBJECTS = frozenset({
    "Kepala", "Menteri", "Direktur", "Ketua", "Presiden", "Wakil", "Kementerian", "Badan", "Gubernur", "Mantan",
    "Komisi", "Sekretaris", "Pembalap", "Kasat", "Kapolres", "Pihak", "Kapolsek", "Dinas", "Kepolisian", "Kabid",
    "Manajer", "Peneliti", "Juru", "Pasukan", "Kapolda", "Chief", "Politikus", "Kehadiran", "Koordinator",
    "Direktorat", "Deputi", "Kedatangan", "Kanit", "General", "Dirjen", "Penyidik", "Kelompok", "Corporate",
    "Angkatan", "Kasubdit", "Kapolresta", "AKBP", "Vice", "Unggahan", "Politisi", "Kasi", "Balai", "Seorang",
    "Sejumlah", "Sebanyak", "Perdana"
})
_LEAD_INS = frozenset({
    "Di", "Pada", "Dalam", "Ketika", "Kepada", "Sebab", "Melansir", "Mengutip", "Dilansir", "Dikutip", "Diakui",
    "Dikatakan", "Awalnya", "Rupanya", "Kemudian", "Selain", "Namun", "Bahkan", "Apalagi", "Meskipun", "Sehingga"
})
_OPENER_REACH = 10
_NAME_WORDS = 6
_USUAL_LENGTH = 60
_USUALLY_OVER = 90
_SHORTEST = 25

# Where the scraper left out the space: 'CokelatMenurutnya', 'DPRAris', 'Moskow!"Yah', but not 'McGregor' or 'BP2MI'.
_GLUE = re.compile(
    r"""(?<=[a-z]{2})[?!.)'’…]{0,3}(?=["“]?[A-Z][\w“"]|\d{1,2}[ ][A-Z])
    (?<!\bMac)(?<!\bTik)(?<!\bMoto)(?<!\bYou)(?<!\bWhats)(?<!\bFace)
    |(?<=\d)(?=["“]?[A-Z][a-z])|(?<=[A-Z][A-Z])(?=["“]?[A-Z][a-z]{2})|(?<=[a-zA-Z0-9][?!)…])(?=["“]?[A-Z])
    |(?<=[A-Za-z0-9])(?=["“][A-Z])""",
    re.VERBOSE,
)
# How an article's first sentence begins: 'JAKARTA, KOMPAS.com - ', 'Liputan6.com, Jakarta', 'Jakarta -', 'BANDUNG-'.
_DATELINE = re.compile(
    r"""(?<![\w-])(?:
        (?:(?:[A-Z][\w.]+[ ]){0,2}[A-Z][\w.]+,[ ]?)?
        (?:[A-Z][\w-]{2,24}\.(?i:com|co\.id|co|id|net|news)|(?:CNBC|CNN)[ ]Indonesia)\b(?:,[ ]?[A-Z][a-zA-Z]+|[ ]?[-–—])
        |[A-Z]{4,}[ ]?[-–—]{1,2}(?=[ ]|[A-Z][a-z])
        |(?:Jakarta|Bandung|Surabaya|Semarang|Medan|Denpasar|Makassar|Yogyakarta|Solo|Jambi|Palembang)[ ]?[-–—]{1,2}[ ]
    )""",
    re.VERBOSE,
)
_CLOSING = {"(": ")", "[": "]", "'": "'’", '"': '"”', "“": '”"', "‘": "’'"}
_BLANK = re.compile(r"[ \t]*(?:\n[ \t]*){1,3}")
_SENTENCE_END = re.compile(r"""[.?!]["”’')]{0,2}(?=\s+["“(]?[A-Z0-9]|\s*$)""")
_LAST_MARKS = re.compile(r"(?:[ \t]di sini|[ \t]berikut(?: ini)?)?[:.,; ]*")
_LIST_ITEM = re.compile(r"\d{1,2}[.)] |[-–•*·]")
_COLUMN = re.compile(r"\[[A-Z][^\[\]\n]{2,30}\] [A-Z]")
# What ends a headline wherever it stands: the next piece of the page around the article. Every branch begins with a
# character, not a class or a group: so the search skips what can begin none.
_HARD_END = re.compile(
    r"ADVERTISEMENT|Advertisement|SCROLL TO (?i:continue|resume)|Scroll to (?i:continue|resume)|\[Gambas|googletag|"
    r"\(Ikuti (?:saluran|Whatsapp|kami)|Ikuti (?:saluran|Whatsapp|kami)|Loading\.\.\.|Baca ?: |"
    + "|".join(rf"{digit} dari \d{{1,2}} halaman" for digit in range(10))
    + "".join(
        rf"|{word} (?:[Jj]uga|JUGA|Video)\b" for word in ("Baca", "BACA", "Simak", "Lihat", "Tonton", "Saksikan")
    )
)


def headline_end(text: str, at: int, *, opening: str = "", colon: bool = True, starts_line: bool = False) -> int:
    """Return where the headline that begins at or after `at` ends; `at` itself if none stands there.

    Parameters
    ----------
    text : str
    at : int
        Place just after the teaser's words, such as 'Baca juga:'.
    opening : str, default ""
        The bracket or quotation mark before the teaser's words, if any.
    colon : bool, default True
        Whether a colon (or a dash) stood there; without it, what follows must look like a headline.
    starts_line : bool, default False
        Whether the teaser's words began the line, so that the line may be all headline.
    """
    window = text[at : at + LONGEST]
    line, newline, _ = window.partition("\n")
    if opening and (close := _closing(line, opening)) > 0:
        return at + close
    if not line.strip():
        return _following_lines(text, at, colon)
    start = at + len(line) - len(line.lstrip())
    whole = bool(newline) or len(window) < LONGEST
    return start + _split(line.strip(), whole=whole, colon=colon, starts_line=starts_line)


def _closing(line: str, opening: str) -> int:
    return min((close for mark in _CLOSING[opening] if (close := line.find(mark)) >= 0), default=-1)


def _following_lines(text: str, at: int, colon: bool) -> int:
    """Headlines on the lines after the teaser's words: up to four, or one with the next sentence glued to it."""
    end = at
    listed = False
    for n in range(_MOST_LINES):
        blank = _BLANK.match(text, end)
        if not blank:
            break
        line = text[blank.end() : blank.end() + LONGEST].partition("\n")[0].rstrip()
        if not line:
            break
        item = _LIST_ITEM.match(line)
        if n == 0:
            listed = item is not None and _is_list(text[blank.end() : blank.end() + 2 * LONGEST], item[0])
        if (item is not None) != listed:
            break
        head = line[item.end() :].lstrip() if item else line
        if head and is_headline(head, announced=(n == 0 or listed) and colon):
            end = blank.end() + len(line)
            continue
        if n == 0 and colon and line[0] not in "“\"'‘(-•":
            taken = _split(line, whole=False, colon=False, starts_line=False)
            if taken:
                return blank.end() + taken
        break
    return end


def _is_list(text: str, item: str) -> bool:
    """Whether a list of links begins here; numbered ones follow at once, unlike the article's own points."""
    if not item[0].isdigit():
        return True
    first, second = [*filter(None, text.split("\n", 4)), "", ""][:2]
    return first[0] == "1" and second[:1] == "2" and is_headline(second[2:].lstrip(), announced=False)


def is_headline(line: str, *, announced: bool) -> bool:
    """Tell whether a line is a headline: no sentence, and written like one, unless it was `announced` by a colon."""
    if len(line) > _LONGEST_LINE or _LIST_ITEM.match(line) or (line[0] in "*[(" and not _COLUMN.match(line)):
        return False
    if line[-1] in ".,:;-" and not line.endswith(".."):
        return False
    words = line.split()
    if len(words) < _FEWEST_WORDS:
        return False
    big = sum(_is_big(word) or word in _SMALL_WORDS for word in words) / len(words)
    if ". " in line[12:]:
        return big >= _SURELY_BIG
    return announced or line.islower() or big >= _MOSTLY_BIG


def _is_big(word: str) -> bool:
    return not word.islower() or word[0] in "#@" or word[0].isdigit()


def _fits(word: str) -> bool:
    return _is_big(word) or word.rstrip(",:") in _SMALL_WORDS


def _split(line: str, *, whole: bool, colon: bool, starts_line: bool) -> int:
    """Length of the headline at the beginning of `line`, which may go on with the article."""
    if hard := _HARD_END.search(line):
        line, whole = line[: hard.start()].rstrip(), True
        if not line:
            return 0
    words = list(_WORD.finditer(line))
    if whole and len(line) <= _LONGEST_LINE and (colon or starts_line) and _is_one_headline(line, words, starts_line):
        return len(line)
    if line[0] in "\"'“‘" and (taken := _quoted(line)):
        return taken
    if whole and colon and starts_line and _has_summary(line):
        return len(line)
    if dateline := _DATELINE.search(line, _SHORTEST):
        line = line[: dateline.start()].rstrip()
        words = [word for word in words if word.end() <= len(line)]
    stop = _first_small(words)
    if stop == len(words):
        return len(line) if colon or stop >= _FEWEST_WORDS else 0
    if stop < _FEWEST_WORDS:
        return _small_headline(line) if colon else 0
    return _before_the_sentence(line, words, stop)


def _is_one_headline(line: str, words: list[re.Match[str]], starts_line: bool) -> bool:
    if line[-1] in ".,;" and not line.endswith("..."):
        return False
    if any(_may_be_glued(word[0]) for word in words) and any(_glues(line, word) for word in words):
        return _first_small(words) == len(words)
    return starts_line or not _SENTENCE_END.search(line[: words[-1].start()])


def _has_summary(line: str) -> bool:
    """Whether a paragraph is a headline, a full stop and a summary of the same; glue has no full stop."""
    end = line.find(". ", _SHORTEST)
    if end < 0 or line[-1] not in ".!?”\"" or not line[end + 2].isupper():
        return False
    words = list(_WORD.finditer(line, 0, end))
    return len(words) >= _FEWEST_WORDS and _first_small(words) == len(words)


def _may_be_glued(word: str) -> bool:
    return not (word[1:].islower() or word.isupper()) or word[-1].isdigit()


def _glues(line: str, word: re.Match[str]) -> list[int]:
    """Return where sentences begin that are glued to something, within a word of the line."""
    written = word[0]
    if written[1:].islower() and not written[-1].isdigit():
        return []
    # Two characters more: a number and the sentence that begins with it are told apart by a space.
    return [glue.end() for glue in _GLUE.finditer(line, word.start(), min(len(line), word.end() + 2))]


def _quoted(line: str) -> int:
    """Length of a headline in quotation marks, which may hold others; 0 if the marks are only its first words."""
    closing = _CLOSING[line[0]]
    ends = [
        n
        for n in range(8, min(len(line), _LONGEST_LINE + 20))
        if line[n] in closing and line[n - 1] != " " and not line[n + 1 : n + 2].isalnum()
    ]
    if ends and _LAST_MARKS.fullmatch(line, ends[-1] + 1):
        return len(line)
    for n in ends:
        after = line[n + 1 :]
        if line.count(" ", 0, n) >= _FEWEST_WORDS - 1 and after[:1] in ": ." and not after.lstrip(": .")[:1].islower():
            return _LAST_MARKS.match(line, n + 1).end()  # type: ignore[union-attr]
        if line.count(" ", 0, n) >= _FEWEST_WORDS - 1 and after.startswith((" di sini", " berikut")):
            return _LAST_MARKS.match(line, n + 1).end()  # type: ignore[union-attr]
    return 0


def _first_small(words: list[re.Match[str]]) -> int:
    """Index of the first word that no headline has; a single odd one between headline words is let pass."""
    for n, word in enumerate(words):
        if _fits(word[0]):
            continue
        after = [w[0] for w in words[n + 1 : n + 3]]
        odd = n > 0 and word.start() < _USUALLY_OVER and not word[0].startswith(_ACTIVE)
        odd = odd and all(map(_fits, after)) and any(map(_is_big, after))
        if not odd:
            return n
    return len(words)


def _before_the_sentence(line: str, words: list[re.Match[str]], stop: int) -> int:
    """Return where the article's sentence begins, in which the walk stopped at `words[stop]`."""
    upto = line[: words[stop].end()]
    for n in range(stop, 0, -1):
        if glues := _glues(upto, words[n]):
            return glues[-1]
    for n in range(stop - 1, max(2, stop - _OPENER_REACH), -1):
        word = words[n][0].rstrip(",")
        if word in _OPENERS or (word in _OPENERS_BEFORE_SMALL and words[n + 1][0].islower()):
            return words[n].start()
    for n in range(stop - 1, max(_FEWEST_WORDS - 1, stop - _NAME_WORDS), -1):
        if words[n][0][0] in '“"' and not any(word[0].rstrip(",.")[-1:] in '”"' for word in words[n:stop]):
            return words[n].start()
        before = words[n - 1]
        ends = before[0].endswith(".") or (before[0][-1] in "?!" and before.end() >= _USUAL_LENGTH)
        if ends and words[n][0][:1].isupper():
            return words[n].start()
    name = next((n for n in range(stop - 1, 0, -1) if words[n][0][:1].isupper() or words[n][0][0] in "“\"'"), stop)
    openers = _LEAD_INS | _SUBJECTS if words[stop][0].startswith(_ACTIVE) else _LEAD_INS
    if words[name][0] not in openers:
        for n in range(name - 1, max(_FEWEST_WORDS - 1, stop - _OPENER_REACH), -1):
            if words[n][0] in openers and words[n].start() > _SHORTEST and words[n - 1][0] not in openers:
                return words[n].start()
            if words[n][0].islower() and words[n][0] not in ("dan", "of", "the", "&"):
                break
    return words[name].start()


def _small_headline(line: str) -> int:
    """Length of a headline in small letters: up to the glue, the full stop or a word that opens a sentence."""
    ends = [match.end() for match in (_GLUE.search(line), _SENTENCE_END.search(line, 20)) if match]
    for word in _WORD.finditer(line, 12, _LONGEST_LINE):
        if word[0].rstrip(",") in _OPENERS or word[0].rstrip(",") in _OPENERS_BEFORE_SMALL:
            ends.append(word.start())
            break
    end = min(ends, default=len(line))
    return end if end <= _LONGEST_LINE + 30 else 0
