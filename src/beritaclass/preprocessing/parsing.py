"""Reads title, date, place, outlet, byline, teasers and body out of the raw text of a scraped page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from beritaclass.preprocessing.cleaning import CleanedText, Cut, clean, without

__all__ = ["ParsedArticle", "leading_headline", "parse_article"]


@dataclass(frozen=True, slots=True)
class ParsedArticle:
    """An article taken apart; a part that the page does not show is empty.

    Parameters
    ----------
    title : str
        The headline, if the page begins with one.
    text : str
        The body: no headline, date line, dateline, byline, teasers or widgets.
    date : str
        Day of publication, 'YYYY-MM-DD'.
    place, outlet : str
        Of the dateline ('BATAM, KOMPAS.com -'), as written there.
    byline : str
        Who wrote it: a name ('B.Rexxa') or the desk's code ('fca/ita').
    teasers : tuple of str
        Headlines of the other articles that the page advertised.
    cuts : tuple of Cut
        Everything that cleaning cut; offsets into the repaired raw text.
    """

    title: str
    text: str
    date: str
    place: str
    outlet: str
    byline: str
    teasers: tuple[str, ...]
    cuts: tuple[Cut, ...]


_MONTHS = {
    month: number
    for number, names in enumerate(
        [
            "januari january jan",
            "februari february feb",
            "maret march mar",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus august agu agt aug",
            "september sept sep",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ],
        start=1,
    )
    for month in names.split()
}
_DAYS = (
    "senin|selasa|rabu|kamis|jum['’]?at|sabtu|minggu|ahad|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    "mon|tue|wed|thu|fri|sat|sun|sen|sel|rab|kam|jum|sab|min"
)
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"""(?<!\w)(?:
        (?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ \-/]?(?P<month>{_MONTH})\.?,?[ \-/]?(?P<year>(?:19|20)\d\d)
      | (?P<month_en>{_MONTH})\.?[ ](?P<day_en>\d{{1,2}})(?:st|nd|rd|th)?,?[ ](?P<year_en>(?:19|20)\d\d)
      | (?P<year_iso>(?:19|20)\d\d)-(?P<month_iso>\d\d)-(?P<day_iso>\d\d)
      | (?P<day_no>\d{{1,2}})[/.-](?P<month_no>\d{{1,2}})[/.-](?P<year_no>(?:19|20)\d\d)
    )(?!\w)""",
    re.VERBOSE | re.IGNORECASE,
)
# A line that only dates the article, such as 'Sabtu, 9 Agu 2025 14:30 WIB' or 'Diperbarui: 9/8/2025 | Rini'.
_DATE_LINE_REST = re.compile(
    rf"""(?:{_DAYS}|\d{{1,2}}[:.]\d\d(?:[:.]\d\d)?|wib|wita|wit|am|pm|utc|gmt|pukul|jam|tanggal|updated?|published|posted|
    (?:di)?(?:perbarui|terbitkan|unggah|publikasikan)|terbit|tayang|last|at|on|by|[-–—,.|:•/()+\s]|\d{{4}}-?)*""",
    re.VERBOSE | re.IGNORECASE,
)
_LONGEST_TITLE = 160
_SENTENCE = re.compile(r"[a-z0-9\"”)]\.[\"”]? [A-Z“\"]|[.,][\"”]$|^[“\"].*[\"”] (?:kata|ujar|tutur|ucap|jelas)\w* ")
_LINES_BEFORE_DATE = 6

_OUTLET = re.compile(
    r"[\w.-]+\.(?i:com|co\.id|co|id|net|news|tv)|(?:CNBC|CNN|Media) Indonesia|Kompas TV|POSMETRO MEDAN|ANTARA|"
    r"Republika|Liputan6|TribunNews|Beritasatu|Suara Pembaruan"
)
_BYLINE = re.compile(
    r"[(\s]*(?:(?:penulis|editor|reporter|pewarta|redaktur|kontributor|jurnalis|writer|laporan \w+)\s*:?\s*)?"
    r"(?P<name>[^()|:\n]*?)\s*(?:[|(),]|$|\b(?:editor|penulis)\b)",
    re.IGNORECASE,
)
_TEASER = re.compile(
    r"[\s(\[\"“'•*-]*(?:yuk,? )?"
    r"(?:(?:baca|simak|lihat|tonton|saksikan|cek|dengarkan)(?: juga| pula)?|artikel \w+|berita \w+|selanjutnya|"
    r"rekomendasi untuk anda|terkait)(?: (?:video|foto|infografis|artikel|berita))?(?: (?:pilihan|menarik|lainnya))?"
    r"(?: di sini| disini| berikut(?: ini)?)?\s*[:;–—>|-]*\s*",
    re.IGNORECASE,
)


def parse_article(raw: str) -> ParsedArticle:
    """Take a scraped page apart.

    The headline is the first line that is left when the page's widgets are cut, if it is written like one: short,
    no full stop, and body below it. A page of bare paragraphs has none.

    Parameters
    ----------
    raw : str
        The page's text, headline first, lines as the page had them.
    """
    cleaned = clean(raw)
    lines = _lines(cleaned.text)
    title = lines.pop(0) if leading_headline(cleaned.text) else ""
    day, above = _cut_date(cleaned)
    if not day:
        for n, line in enumerate(lines[:_LINES_BEFORE_DATE]):
            if (found := _date_of(line)) and _only_dates(line):
                day, above = found, n + bool(title)
                del lines[n]
                break
    if day and not title and above == 1:
        title = lines.pop(0)
    place, outlet = _dateline(cleaned.cuts)
    return ParsedArticle(
        title=title,
        text="\n".join(lines),
        date=day,
        place=place,
        outlet=outlet,
        byline=_byline(cleaned.cuts),
        teasers=tuple(t for cut in cleaned.cuts if cut.rule in ("teaser", "video") for t in _teasers(cut.text)),
        cuts=cleaned.cuts,
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _cut_date(cleaned: CleanedText) -> tuple[str, int]:
    """Return the day that a line at the head of the page told before it was cut, and how many lines are above it."""
    spans = [(cut.start, cut.end, cut.rule) for cut in cleaned.cuts]
    for n, cut in enumerate(cleaned.cuts):
        if cut.rule == "date":
            above = len(_lines(without(cleaned.repaired[: cut.start], spans[:n])))
            return _date_of(cut.text) if above <= _LINES_BEFORE_DATE else "", above
    return "", 0


def leading_headline(text: str) -> str:
    """Return the headline that a cleaned text begins with, or '' if it begins with its body."""
    first, newline, rest = text.lstrip().partition("\n")
    first, following = first.strip(), rest.lstrip()
    return first if newline and following and following[0] not in "(,." and _is_title(first) else ""


def _is_title(line: str) -> bool:
    if len(line) > _LONGEST_TITLE or len(line.split()) < 3 or _SENTENCE.search(line) or _only_dates(line):
        return False
    return line[-1] not in ".,:;" or line.endswith("...")


def _date_of(line: str) -> str:
    """Return the first date in the line, 'YYYY-MM-DD'; '' if there is none that is in the calendar."""
    for match in _DATE.finditer(line):
        found = {name.partition("_")[0]: value for name, value in match.groupdict().items() if value}
        month = found["month"].lower()
        try:
            return date(int(found["year"]), _MONTHS.get(month) or int(month), int(found["day"])).isoformat()
        except ValueError:
            continue
    return ""


def _only_dates(line: str) -> bool:
    return bool(_DATE.search(line)) and _DATE_LINE_REST.fullmatch(_DATE.sub(" ", line)) is not None


def _dateline(cuts: tuple[Cut, ...]) -> tuple[str, str]:
    for cut in cuts:
        if cut.rule == "dateline":
            parts = [part.strip(" \t\n()") for part in cut.text.rstrip(" \t-–—:|").split(",")]
            outlet = next((part for part in parts if _OUTLET.fullmatch(part)), "")
            return ", ".join(part for part in parts if part and part != outlet), outlet
    return "", ""


def _byline(cuts: tuple[Cut, ...]) -> str:
    for cut in cuts:
        if cut.rule == "byline" and (match := _BYLINE.match(cut.text)) and any(map(str.isalpha, match["name"])):
            return match["name"].strip(" ,.-")
    return ""


def _teasers(cut: str) -> list[str]:
    """Headlines in a cut such as 'Baca juga: …'; several if they stood on lines of their own."""
    match = _TEASER.match(cut)
    rest = cut[match.end() :] if match else cut
    return [head for line in rest.split("\n") if (head := _once(line.strip(" \t[]()\"“”'‘’:;,-")))]


def _once(line: str) -> str:
    half = len(line) // 2
    return line[:half] if line[:half] == line[half + 1 :] else line
