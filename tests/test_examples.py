"""The examples in data/ are valid, cover every topic, differ from one another and are nobody else's text."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import date
from itertools import combinations
from typing import Any

import pytest

from beritaclass.taxonomy import Taxonomy, news_taxonomy
from conftest import ROOT, SHARED, needs_shared

WORD = re.compile(r"[0-9a-z]+")
RUN = 12  # so many words in a row are a copied sentence, not a common phrase
PAGE = re.compile(
    r"^\s*(baca|simak|lihat) juga|advertisement|scroll to|spot_img|[\u200b-\u200d\ufeff]|â€|</?\w+>|&\w+;", re.I | re.M
)
DAYS = ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"]
DAY = re.compile(rf"({'|'.join(DAYS)}) \((\d{{1,2}})/(\d{{1,2}})(?:/2026)?\)")
FIELDS = {"id", "title", "text", "date", "source", "topics", "unsure", "kind"}

Record = dict[str, Any]


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def runs(tokens: list[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(tokens[i : i + length]) for i in range(len(tokens) - length + 1)}


@pytest.fixture(scope="module")
def records() -> list[Record]:
    lines = (ROOT / "data" / "examples.jsonl").read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return news_taxonomy()


def test_every_record_has_the_same_fields(records: list[Record]) -> None:
    assert [r["id"] for r in records if set(r) != FIELDS] == []
    assert {r["kind"] for r in records} == {"clean", "dirty"}
    assert {r["source"] for r in records} == {"contoh"}
    assert {date.fromisoformat(r["date"]).year for r in records} == {2026}


def test_ids_are_unique(records: list[Record]) -> None:
    assert [i for i, n in Counter(r["id"] for r in records).items() if n > 1] == []


def test_days_of_the_week_are_those_of_the_calendar(records: list[Record]) -> None:
    found = [(r["id"], *match.groups()) for r in records for match in DAY.finditer(r["text"])]
    assert len(found) > 80
    assert [f for f in found if DAYS[date(2026, int(f[3]), int(f[2])).weekday()] != f[1]] == []


def test_texts_are_as_long_as_news(records: list[Record]) -> None:
    lengths = {r["id"]: len(r["text"].split()) for r in records}
    assert {i: n for i, n in lengths.items() if not 100 <= n <= 320} == {}


def test_topics_are_known_sorted_and_closed(records: list[Record], taxonomy: Taxonomy) -> None:
    for record in records:
        topics, unsure = record["topics"], record["unsure"]
        assert topics == sorted(taxonomy.closure(topics)), record["id"]
        assert unsure == sorted(set(unsure)), record["id"]
        assert all(slug in taxonomy for slug in [*topics, *unsure]), record["id"]
        assert not set(topics) & taxonomy.closure(unsure), record["id"]


def test_there_are_enough_of_each_kind(records: list[Record]) -> None:
    assert len(records) >= 60
    assert sum(r["kind"] == "dirty" for r in records) >= 25
    assert sum(r["kind"] == "clean" for r in records) >= 25
    assert sum(not r["title"] for r in records) >= 6
    assert any(not r["topics"] for r in records)


def test_every_topic_is_covered_in_clean_and_in_dirty_articles(records: list[Record], taxonomy: Taxonomy) -> None:
    counts = Counter(slug for r in records for slug in r["topics"])
    assert {t.slug: counts[t.slug] for t in taxonomy if counts[t.slug] < 2} == {}
    for kind in ("clean", "dirty"):
        covered = {slug for r in records if r["kind"] == kind for slug in r["topics"]}
        assert {t.slug for t in taxonomy} - covered == set(), kind


def test_clean_articles_carry_no_page_around_them(records: list[Record]) -> None:
    assert [r["id"] for r in records if r["kind"] == "clean" and PAGE.search(r["text"])] == []


def test_no_two_articles_share_a_body(records: list[Record]) -> None:
    five = {r["id"]: runs(words(r["text"]), 5) for r in records}
    shared = {(a, b): len(five[a] & five[b]) / min(len(five[a]), len(five[b])) for a, b in combinations(five, 2)}
    assert {pair: share for pair, share in shared.items() if share > 0.03} == {}


@needs_shared
@pytest.mark.slow
def test_no_sentence_is_taken_from_the_corpus(records: list[Record]) -> None:
    written = (ROOT / "tools" / "written.jsonl").read_text(encoding="utf-8").splitlines()
    ours = [*records, *map(json.loads, written)]
    owners = {run: r["id"] for r in ours for run in runs(words(f"{r['title']} {r['text']}"), RUN)}
    # few places of the corpus begin as a run of ours does: only those are looked at closely
    starts = {run[:3] for run in owners}
    found = set()
    for name in ("articles.jsonl.gz", "unseen.jsonl.gz"):
        with gzip.open(SHARED / "corpus" / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                article = json.loads(line)
                tokens = words(f"{article['title']} {article['text']}")
                triples = zip(tokens, tokens[1:], tokens[2:], strict=False)
                for i, triple in enumerate(triples):
                    if triple in starts and (owner := owners.get(tuple(tokens[i : i + RUN]))):
                        found.add((owner, " ".join(tokens[i : i + RUN])))
    assert found == set()
