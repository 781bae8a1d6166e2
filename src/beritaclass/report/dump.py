"""The page that shows what is in a tagged dump: topics, time, sources, company, certainty, samples."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from beritaclass.errors import RecordError
from beritaclass.report import plots
from beritaclass.report.page import render

N_BINS = 20
N_SAMPLES = 4
N_SOURCES = 15
N_PERIODS = 60
_MONTH = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])")


@dataclass
class DumpCounts:
    """What the page tells of a tagged dump; counted in one pass, in memory that does not grow with the dump."""

    n_articles: int = 0
    n_untagged: int = 0
    topics: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
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
        month = _MONTH.match(str(record.get("date") or ""))
        source = str(record.get("source") or "")
        self.articles_of_source[source] += bool(source)
        headline = " ".join(str(record.get("title") or record.get("id") or "").split())[:160]
        for topic, probability in tags.items():
            self.topics[topic] += 1
            self.probabilities[min(int(probability * N_BINS), N_BINS - 1)] += 1
            if month:
                self.months[month[0]][topic] += 1
            if source:
                self.sources[source][topic] += 1
            self.pairs.update((topic, other) for other in tags if other != topic)
            kept = self.samples[topic]
            if len(kept) < N_SAMPLES:
                kept.append(headline)
            elif (place := rng.randrange(self.topics[topic])) < N_SAMPLES:  # reservoir sampling, Vitter 1985
                kept[place] = headline


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
        months=_over_time(counts, by_size[:12]),
        company=_company(counts, by_size[:24]),
        sources=_per_source(counts, by_size[:24]),
    )


def _over_time(counts: DumpCounts, topics: list[str]) -> str:
    """Draw articles a month, or a year where there are too many months."""
    cut = 7 if len(counts.months) <= N_PERIODS else 4
    periods: dict[str, Counter[str]] = defaultdict(Counter)
    for month, by_topic in counts.months.items():
        periods[month[:cut]].update(by_topic)
    names = sorted(periods)
    if len(names) < 2:
        return ""
    return plots.lines(names, [(t, np.array([periods[p][t] for p in names])) for t in topics])


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
    return plots.heatmap(sources, topics, shares, label="% of the articles of a source that have the topic")
