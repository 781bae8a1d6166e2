"""Cuts the page out of a scraped article: teasers, advertisement marks, bylines, datelines, prompts, widgets.

The rules are data, `data/cleaning.toml`. A rule begins with literal words. One regex finds every place where a rule
could begin; only there are the rules tried. Cutting only deletes, and cutting again cuts nothing.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from beritaclass._resources import data_path
from beritaclass.preprocessing.headlines import headline_end
from beritaclass.preprocessing.repair import repair

__all__ = ["CleanedText", "Cut", "clean", "clean_text", "repair"]


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece that was cut: `text == repaired[start:end]`, and the name of the rule that cut it."""

    start: int
    end: int
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class CleanedText:
    """What is left, what it was cut from, and the cuts, ascending and apart; `repaired` without them is `text`."""

    text: str
    repaired: str
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of `data/cleaning.toml`; the file says what its fields mean."""

    name: str
    starts: tuple[str, ...]
    where: str
    before: re.Pattern[str] | None
    then: re.Pattern[str]
    headline: bool

    def span(self, text: str, at: int, match: re.Match[str], done: int) -> tuple[int, int] | None:
        """Return what the rule cuts where a start stands at `at` and `match` after it; all before `done` is cut."""
        begin = at
        if self.before:
            near = max(done, at - _BEFORE - 1)
            low = max(text.rfind("\n", near, at) + 1, near)
            if at - low > _BEFORE or not (lead := self.before.fullmatch(text, low, at)):
                return None
            begin = lead.start(1) if lead.re.groups else low + (len(lead[0]) - len(lead[0].lstrip()))
        elif not _PLACES[self.where](text, at, done):
            return None
        end = match.end()
        if self.headline:
            mark = match[0].strip() or text[at : match.start()].isupper()
            opening = text[at - 1] if at > done and text[at - 1] in ("([\"'“‘" if mark else "([") else ""
            end = headline_end(text, end, opening=opening, colon=bool(mark), starts_line=_at_line_start(text, at, done))
            if opening and text[end : end + 1] in (")", "]", '"', "'", "”", "’"):
                begin, end = at - 1, end + 1
            elif not mark and not text[match.end() : end].strip() and not _ends_line(text, end):
                return None
        return begin, end


Place = tuple[int, list[tuple[Rule, int]]]
Span = tuple[int, int, str]
Trie = dict[str, "Trie"]

_BEFORE = 80
_LINE_LEAD = re.compile(r"[ \t]*(?:[-–—•*>|]+[ \t]*)?")
_LINE_LEAD_LENGTH = 12
_BREAK = re.compile(
    r"""(?:\A|[\n.!?:;,)\]}"”’'»…>|*(\[“‘/–—-]|[a-zà-ÿ0-9%](?![ \t])|\b[A-Z]{2,}(?![ \t]))[ \t]{0,9}\Z"""
)


def _at_line_start(text: str, at: int, done: int) -> bool:
    near = max(done, at - _LINE_LEAD_LENGTH)
    low = max(text.rfind("\n", near, at) + 1, near)
    return (low in (0, done) or text[low - 1] == "\n") and _LINE_LEAD.fullmatch(text, low, at) is not None


def _at_break(text: str, at: int, done: int) -> bool:
    return at == done or _BREAK.search(text[max(0, at - 12) : at]) is not None


def _anywhere(text: str, at: int, done: int) -> bool:
    return True


_SENTENCE = re.compile(r"""(?:\A|[\n.!?"”’)\]>|*}](?<!\w\.\w\.)|[a-z0-9](?![ \t]))[ \t]{0,9}\Z""")


def _after_sentence(text: str, at: int, done: int) -> bool:
    return at == done or _SENTENCE.search(text[max(0, at - 12) : at]) is not None


_STOP = re.compile(r"""(?:\A|[\n.!?"”’)\]])[ \t]{0,9}\Z""")


def after_stop(text: str, at: int, done: int) -> bool:
    return at == done or _STOP.search(text[max(0, at - 12) : at]) is not None


_PLACES = {
    "stop": after_stop,
    "sentence": _after_sentence,
    "line": _at_line_start,
    "break": _at_break,
    "anywhere": _anywhere,
}


def _ends_line(text: str, at: int) -> bool:
    return text[at : at + 40].lstrip(" \t")[:1] in ("", "\n")


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read the rules of a file such as `data/cleaning.toml`, in the order in which they are tried."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Rule(
            name=rule["name"],
            starts=tuple(rule["starts"]),
            where=rule.get("where", "break"),
            before=re.compile(rule["before"]) if "before" in rule else None,
            then=re.compile(rule.get("then", "")),
            headline=rule.get("headline", False),
        )
        for rule in raw["rule"]
    )


class Rules:
    """The rules, with the regex that finds the places where one could begin.

    A start begins with a capital or a sign; in small letters it counts at the beginning of a line or after a bracket.
    """

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        starts = sorted({start.lower() for rule in rules for start in rule.starts})
        self._by_start = {
            start: [(rule, len(s)) for rule in rules for s in rule.starts if start.startswith(s.lower())]
            for start in starts
        }
        common = self._by_start.get(COMMON, [])
        self.common = common if all(rule.where == "stop" for rule, _ in common) else []
        small = _either_case(_trie(start for start in starts if start[0].isalpha()))
        branches = []
        firsts: Trie = {lead: {} for lead in LEADS}
        firsts |= _trie(starts)
        for first, rest in sorted(firsts.items(), key=lambda item: _COMMON_FIRST.find(item[0]) % 99):
            longer = {letter: more for letter, more in rest.items() if letter}
            ahead = [f"({_either_case(longer)})"] if longer else []
            if first == COMMON and "" in rest:
                thens = [rule.then.pattern for rule in rules if first in rule.starts]
                ahead.append(f"()(?:{'|'.join(thens)})")
            elif "" in rest:
                ahead.append("()")
            if first in LEADS:
                ahead.append(f"(?=[a-z]){small}")
            branches.append(f"{re.escape(first.upper())}(?={'|'.join(ahead)})")
        self._anchor = re.compile("|".join(branches))
        self._small = re.compile(f"(?=[a-z]){small}")
        self._longest = max(map(len, starts)) + 2
        self._reach = max(self._longest, _REACH_OF_COMMON)

    def places(self, text: str, low: int = 0, high: int | None = None) -> list[Place]:
        """Return each place where a rule could begin, ascending, with the rules to try there."""
        by_start, small = self._by_start, self._small
        found: list[Place] = []
        if low == 0 and (match := small.match(text)):
            found.append((0, by_start[match[0].lower()]))
        for match in self._anchor.finditer(text, low) if high is None else self._anchor.finditer(text, low, high):
            if match.lastindex:
                found.append((match.start(), by_start[(match[0] + match[match.lastindex]).lower()]))
            if match[0] in LEADS and (lead := small.match(text, match.end())):
                found.append((match.end(), by_start[lead[0].lower()]))
        return found

    def places_left(self, places: list[Place], spans: list[Span], left: str) -> list[Place]:
        """Return the places of the text that `spans` left, given those of the text before: look only at the joins."""
        found = []
        gone = n = 0
        joins: list[int] = []
        for begin, end, _ in spans:
            join = begin - gone
            low = max(joins[-1] + 1 if joins else 0, join - self._reach)
            while n < len(places) and places[n][0] - gone < low:
                found.append((places[n][0] - gone, places[n][1]))
                n += 1
            around = self.places(left, max(low - 1, 0), join + self._longest)  # a line may begin before
            found += [place for place in around if low <= place[0] <= join]
            while n < len(places) and places[n][0] <= end:
                n += 1
            joins.append(join)
            gone += end - begin
        return found + [(at - gone, rules) for at, rules in places[n:]]

    def places_plainly(self, text: str) -> Iterator[Place]:
        """Yield the same places, found by trying every rule everywhere."""
        pairs = [(rule, start) for rule in self.rules for start in rule.starts]
        for at in range(len(text)):
            if text[at] in "abcdefghijklmnopqrstuvwxyz" and at > 0 and text[at - 1] not in LEADS:
                continue
            here = [(rule, len(start)) for rule, start in pairs if _same_letters(text[at : at + len(start)], start)]
            if here:
                yield at, here

    def spans(self, text: str, places: Iterable[Place]) -> list[Span]:
        """Return what is to be cut, ascending and apart.

        The places need not hold a `COMMON` start in the midst of a sentence, which counts only just behind a cut.
        """
        spans: list[Span] = []
        done = 0
        waiting = list(places)[::-1]
        while waiting:
            at, rules = waiting.pop()
            if at < done:
                continue
            for rule, length in rules:
                match = rule.then.match(text, at + length)
                if match and (span := rule.span(text, at, match, done)):
                    begin, end = _with_space(text, *span, done)
                    spans.append((begin, end, rule.name))
                    done = end
                    while waiting and waiting[-1][0] < done:
                        waiting.pop()
                    if text.startswith(COMMON, done) and not (waiting and waiting[-1][0] == done):
                        waiting.append((done, self.common))
                    break
        _take_trailing_space(text, spans)
        return spans


LEADS = "\n(["
# A start too common to stop at, unless all of its rule matches; which it does within so many characters.
COMMON = "("
_REACH_OF_COMMON = 240
# First letters of starts in the order of their frequency in news: a regex tries its branches one after the other.
_COMMON_FIRST = ".pskn\nmaitbdj-r(hucglefwvy"


def _trie(words: Iterable[str]) -> Trie:
    root: Trie = {}
    for word in words:
        node = root
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return root


def _either_case(trie: Trie) -> str:
    """Regex for the longest word of the trie that stands there, in whatever case."""
    branches = [
        (f"[{letter}{letter.upper()}]" if letter.isalpha() else re.escape(letter)) + _either_case(rest)
        for letter, rest in sorted(trie.items())
        if letter
    ]
    if not branches:
        return ""
    if len(branches) == 1 and "" not in trie:
        return branches[0]
    return f"(?:{'|'.join(branches)})" + "?" * ("" in trie)


def _same_letters(piece: str, start: str) -> bool:
    return len(piece) == len(start) and all(
        a == b or (a.isascii() and a.lower() == b.lower()) for a, b in zip(piece, start, strict=True)
    )


def _with_space(text: str, begin: int, end: int, done: int) -> tuple[int, int]:
    """Take the line end with a whole line, and one of two spaces with a piece of a line."""
    after = _SPACE.match(text, end).end()  # type: ignore[union-attr]
    starts_line = begin == done == 0 or text[begin - 1 : begin] == "\n"
    ends_line = after == len(text) or text[after] == "\n"
    if ends_line and not starts_line and _at_line_start(text, begin, done):
        begin, starts_line = max(text.rfind("\n", 0, begin) + 1, done), True
    if starts_line and ends_line:
        return begin, _SPACE_LINES.match(text, after).end()  # type: ignore[union-attr]
    if starts_line or text[begin - 1 : begin] == " " or ends_line:
        end = after
    return begin, end


def _take_trailing_space(text: str, spans: list[Span]) -> None:
    """If the text ends in cuts, cut the space before them too."""
    edge = len(text)
    for n in range(len(spans) - 1, -1, -1):
        begin, end, rule = spans[n]
        if end != edge:
            return
        low = spans[n - 1][1] if n else 0
        edge = low + len(text[low:begin].rstrip())
        spans[n] = (edge, end, rule)


_SPACE = re.compile(r"[ \t]*")
_SPACE_LINES = re.compile(r"\n?(?:[ \t\n]*\n)?")


@cache
def default_rules() -> Rules:
    """Return the shipped rules."""
    return Rules(read_rules(data_path("cleaning.toml")))


def clean(text: str) -> CleanedText:
    """Repair the characters of a scraped text, cut what is not the article, and say what was cut.

    Cleaning the result again cuts nothing.
    """
    repaired = repair(text)
    cuts: list[Span] = []
    for spans, _ in _rounds(repaired, default_rules()):
        cuts = _merged(cuts, spans)
    return CleanedText(without(repaired, cuts), repaired, tuple(Cut(s, e, rule, repaired[s:e]) for s, e, rule in cuts))


def clean_text(text: str) -> str:
    """Return `clean(text).text`, faster."""
    text = repair(text)
    for _, left in _rounds(text, default_rules()):
        text = left
    return text


def clean_plainly(text: str) -> str:
    """Clean with every rule tried everywhere in every round; `clean_text` must agree with it."""
    rules = default_rules()
    text = repair(text)
    while spans := rules.spans(text, rules.places_plainly(text)) or said_twice(text):
        text = without(text, stable(text, spans))
    return text


# A cut may make another possible; pages nest three deep at most, and deeper ones than this would take for ever.
MOST_ROUNDS = 50


def _rounds(text: str, rules: Rules) -> Iterator[tuple[list[Span], str]]:
    """Cut until nothing is found any more; yield what each round cuts and the text that it leaves."""
    places = rules.places(text)
    for _ in range(MOST_ROUNDS):
        spans = rules.spans(text, places) or said_twice(text)
        if not spans:
            break
        spans = stable(text, spans)
        left = without(text, spans)
        yield spans, left
        places = rules.places_left(places, spans, left)
        text = left


def said_twice(text: str) -> list[Span]:
    """Find a video's headline among the last lines: the line under the player says it twice."""
    end = len(text)
    for _ in range(LAST_LINES):
        begin = text.rfind("\n", max(0, end - _LONGEST_LINE), end)
        line = text[begin + 1 : end].rstrip(" ")
        half = len(line) // 2
        if begin < 0:
            break
        if half >= _SHORTEST_HEADLINE and line[:half] == line[half + 1 :] and line[half] == " ":
            return [(begin, begin + 1 + len(line), "video")]
        end = begin
    return []


LAST_LINES = 4
_LONGEST_LINE = 400
_SHORTEST_HEADLINE = 20


def stable(text: str, spans: list[Span]) -> list[Span]:
    """Let cuts take in what would change when joined: an accent before another letter, half an entity."""
    for _ in range(_MOST_JOINED):
        left = without(text, spans)
        if (left.isascii() and "&" not in left) or repair(left) == left:
            break
        lows = [begin for begin, _, _ in spans[1:]] + [len(text)]
        spans = [(begin, min(end + 1, low), rule) for (begin, end, rule), low in zip(spans, lows, strict=True)]
    return spans


_MOST_JOINED = 8


def without(text: str, spans: list[Span]) -> str:
    kept, done = [], 0
    for begin, end, _ in spans:
        kept.append(text[done:begin])
        done = end
    return "".join(kept) + text[done:]


def _merged(cuts: list[Span], spans: list[Span]) -> list[Span]:
    """Add spans found in the text without `cuts`; a span around an earlier cut takes it in."""
    if not cuts:
        return spans
    lefts = [0, *accumulate(end - begin for begin, end, _ in cuts)]
    bounds = [begin - gone for (begin, _, _), gone in zip(cuts, lefts, strict=False)]
    merged = []
    n = 0
    for begin, end, rule in spans:
        first, last = bisect_right(bounds, begin), bisect_left(bounds, end)
        merged += [*cuts[n:first], (begin + lefts[first], end + lefts[last], rule)]
        n = max(first, last)
    return merged + cuts[n:]
