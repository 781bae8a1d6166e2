"""The page that shows why an article has its topics: its words coloured by what they add or take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from beritaclass.explanation import Contribution, Explanation
from beritaclass.report.page import render


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text of one colour: what its words contribute, and the rule that cut it, if one did."""

    text: str
    value: float
    rule: str


def spans(explanation: Explanation, field: str) -> list[Span]:
    """Split a field of an article where its colour changes; the texts joined are the field."""
    text = {"title": explanation.title, "text": explanation.text}[field]
    weight = [(0, len(text), 0.0)]
    weight += [
        (place.start, place.end, contribution.value / len(contribution.occurrences))
        for contribution in explanation.contributions
        for place in contribution.occurrences
        if place.field == field
    ]
    cuts = [(start, end, rule) for where, start, end, rule in explanation.cuts if where == field]
    edges = sorted({edge for start, end, _ in [*weight, *cuts] for edge in (start, end)})
    starting: dict[int, float] = {}
    for start, end, value in weight:
        starting[start] = starting.get(start, 0.0) + value
        starting[end] = starting.get(end, 0.0) - value
    found, value = [], 0.0
    for start, end in pairwise(edges):
        value += starting.get(start, 0.0)
        rule = next((rule for a, b, rule in cuts if a <= start < b), "")
        found.append(Span(text[start:end], 0.0 if rule else value, rule))
    return found


@dataclass(frozen=True, slots=True)
class Share:
    """What a term adds in all fields together: the fields, most first, and the words as they stand there."""

    term: str
    value: float
    fields: tuple[str, ...]
    surfaces: tuple[str, ...]


def shares(explanation: Explanation) -> list[Share]:
    """Return the share of each term, the strongest first; they and the intercept add up to the decision value."""
    by_term: dict[str, list[Contribution]] = {}
    for contribution in explanation.contributions:
        by_term.setdefault(contribution.term, []).append(contribution)
    found = [
        Share(
            term,
            sum(c.value for c in parts),
            tuple(c.field for c in parts),
            tuple(dict.fromkeys(" ".join(place.surface.lower().split()) for c in parts for place in c.occurrences)),
        )
        for term, parts in by_term.items()
    ]
    return sorted(found, key=lambda share: (-abs(share.value), share.term))


def explanation_page(explanations: Sequence[Explanation], names: dict[str, str]) -> str:
    """Return the page for the explanations of one article.

    Parameters
    ----------
    explanations : sequence of Explanation
        One a topic, in the order to show; at least one.
    names : dict
        What a person reads, by topic.
    """
    sections = []
    for explanation in explanations:
        parts = {field: spans(explanation, field) for field in ("title", "text")}
        strongest = max((abs(span.value) for part in parts.values() for span in part), default=0.0) or 1.0
        terms = shares(explanation)
        sections.append(
            {
                "explanation": explanation,
                "name": names.get(explanation.topic, explanation.topic),
                "said": explanation.said,
                "parts": parts,
                "strongest": strongest,
                "longest": abs(terms[0].value) if terms else 1.0,
                "for_": [share for share in terms if share.value > 0][:12],
                "against": [share for share in terms if share.value < 0][:8],
            }
        )
    return render("explanation.html", sections=sections, title=explanations[0].title or "Artikel tanpa judul")
