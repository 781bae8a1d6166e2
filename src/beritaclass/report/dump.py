"""The page that shows what is in a tagged dump: topics, time, sources, company, certainty, samples."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from beritaclass.errors import RecordError
from beritaclass.report import plots
from beritaclass.report.page import render

N_BINS = 20
N_SAMPLES = 4
N_SOURCES = 15
N_PERIODS = 60
_ISO_MONTH = re.compile(r"((?:19|20)\d\d)[-/.](0[1-9]|1[0-2])")
_DAY_FIRST = re.compile(r"\b\d{1,2}[-/.](0?[1-9]|1[0-2])[-/.]((?:19|20)\d\d)\b")
_NAMED = re.compile(
    r"\b\d{1,2}[ -]([a-z]{3})[a-z]*\.?,?[ -]((?:19|20)\d\d)|([a-z]{3})[a-z]*\.? \d{1,2},? ((?:19|20)\d\d)\b", re.I
)
_SECONDS = re.compile(r"(\d{9,10})(?:\d{3})?(?:\.\d+)?")
_NAMES = (
    "jan",
    "feb peb",
    "mar",
    "apr",
    "mei may",
    "jun",
    "jul",
    "agu ags aug",
    "sep",
    "okt oct",
    "nov nop",
    "des dec",
)
_MONTHS = {name: month for month, names in enumerate(_NAMES, start=1) for name in names.split()}


@dataclass
class DumpCounts:
    """What the page tells of a tagged dump; counted in one pass, in memory that does not grow with the dump."""

    n_articles: int = 0
    n_untagged: int = 0
    topics: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    surety: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    months: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sources: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    articles_of_source: Counter[str] = field(default_factory=Counter)
    probabilities: np.ndarray[Any, np.dtype[np.int64]] = field(default_factory=lambda: np.zeros(N_BINS, np.int64))
    samples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, record: Mapping[str, Any], rng: random.Random) -> None:
        """Count one output record, with the fields of the article that were kept."""
        tags = tags_of(record)
        self.n_articles += 1
        self.n_untagged += not tags
        month = month_of(record.get("date"))
        if month:
            self.months[month][""] += 1
        source = str(record.get("source") or "")
        self.articles_of_source[source] += bool(source)
        headline = " ".join(str(record.get("title") or record.get("id") or "").split())[:160]
        for topic, probability in tags.items():
            self.topics[topic] += 1
            self.surety[topic] += probability
            self.probabilities[min(int(probability * N_BINS), N_BINS - 1)] += 1
            if month:
                self.months[month][topic] += 1
            if source:
                self.sources[source][topic] += 1
            self.pairs.update((topic, other) for other in tags if other != topic)
            kept = self.samples[topic]
            if len(kept) < N_SAMPLES:
                kept.append(headline)
            elif (place := rng.randrange(self.topics[topic])) < N_SAMPLES:  # reservoir sampling, Vitter 1985
                kept[place] = headline


def month_of(date: Any) -> str:
    """Return the month of a date as dumps write it, '2024-05'; '' if it tells none.

    Examples
    --------
    >>> [month_of(date) for date in ("2024-05-06", "Senin, 6 Mei 2024 10:30 WIB", "6/5/2024", 1714986000, "kemarin")]
    ['2024-05', '2024-05', '2024-05', '2024-05', '']
    """
    text = str(date or "").strip()
    if found := _ISO_MONTH.match(text):
        return f"{found[1]}-{found[2]}"
    if found := _DAY_FIRST.search(text):
        return f"{found[2]}-{int(found[1]):02}"
    for found in _NAMED.finditer(text):
        if month := _MONTHS.get((found[1] or found[3]).lower()):
            return f"{found[2] or found[4]}-{month:02}"
    if found := _SECONDS.fullmatch(text):
        return f"{datetime.fromtimestamp(int(found[1]), UTC):%Y-%m}"
    return ""


def tags_of(record: Mapping[str, Any]) -> dict[str, float]:
    """Return probability by topic of an output record, of JSONL, Parquet or CSV.

    Raises
    ------
    RecordError
        If the record has no tags.
    """
    if "tags" not in record:
        fields = ", ".join(map(repr, record))
        raise RecordError(f"no field 'tags'; there are {fields}: give what 'beritaclass tag' wrote")
    tags = record["tags"]
    try:
        if isinstance(tags, str):
            values = map(float, str(record["probabilities"]).split(";") if tags else ())
            return dict(zip(tags.split(";") if tags else (), values, strict=True))
        return {str(tag["topic"]): float(tag["probability"]) for tag in tags}
    except (KeyError, TypeError, ValueError):
        raise RecordError(f"'tags' must be what 'beritaclass tag' writes, found {tags!r:.60}") from None


def dump_page(records: Iterable[Mapping[str, Any]], *, title: str, names: Mapping[str, str]) -> str:
    """Return the page for the output of `tag_dump`.

    Parameters
    ----------
    records : iterable of mappings
        The rows; 'title', 'date' and 'source' are used where they were kept.
    title : str
        What was tagged.
    names : mapping
        What a person reads, by topic.
    """
    counts, rng = DumpCounts(), random.Random(0)  # noqa: S311 - a sample, not a secret
    for record in records:
        counts.add(record, rng)
    by_size = [topic for topic, _ in counts.topics.most_common()]
    return render(
        "dump.html",
        title=title,
        counts=counts,
        names=names,
        by_size=by_size,
        topics=plots.bars(by_size, [counts.topics[t] for t in by_size], label="articles") if by_size else "",
        certainty=plots.histogram(counts.probabilities, label="probability of the tags that were said"),
        months=_over_time(counts, by_size[:11]),
        company=_company(counts, by_size[:24]),
        n_sources=N_SOURCES,
        sources=_per_source(counts, by_size[:24]),
    )


def _over_time(counts: DumpCounts, topics: list[str]) -> str:
    """Draw articles a month, those without any too; or a year where there are too many months."""
    if len(counts.months) < 2:
        return ""
    first, last = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (min(counts.months), max(counts.months)))
    months = [f"{n // 12}-{n % 12 + 1:02}" for n in range(first, last + 1)]
    cut = 7 if len(months) <= N_PERIODS else 4
    periods = {month[:cut]: Counter[str]() for month in months}
    for month, by_topic in counts.months.items():
        periods[month[:cut]].update(by_topic)
    series = [(t or "all articles", np.array([n[t] for n in periods.values()])) for t in ["", *topics]]
    return plots.lines(list(periods), series)


def _company(counts: DumpCounts, topics: list[str]) -> str:
    if len(topics) < 2:
        return ""
    shares = np.array([[counts.pairs[a, b] / counts.topics[a] for b in topics] for a in topics])
    return plots.heatmap(topics, topics, shares, label="% of the articles of a row that have the column's topic too")


def _per_source(counts: DumpCounts, topics: list[str]) -> str:
    sources = [source for source, n in counts.articles_of_source.most_common(N_SOURCES) if n]
    if not sources:
        return ""
    shares = np.array([[counts.sources[s][t] / counts.articles_of_source[s] for t in topics] for s in sources])
    names = [f"{source:.30}  {counts.articles_of_source[source]:,}" for source in sources]
    return plots.heatmap(names, topics, shares, label="% of the articles of a source that have the topic")
