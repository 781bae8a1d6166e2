"""Measures one's own topics: SIB-200, learning curves, and ten shipped topics built again from little.

`python benchmarks/own_topics.py [sib | curves | keywords]` reads ../shared; docs/own-topics.md holds what it said.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import beritaclass as bc
from beritaclass.keywords import fit_keywords

SHARED = Path(__file__).resolve().parents[2] / "shared"


def sib() -> None:
    """Accuracy on SIB-200 Indonesian: train and dev to learn from, test to measure."""
    parts = {
        name: list(map(json.loads, (SHARED / "bench" / "sib200" / f"{name}.jsonl").read_text("utf-8").splitlines()))
        for name in ("train", "dev", "test")
    }
    train = parts["train"] + parts["dev"]
    for name, model in (("defaults", bc.TopicClassifier()), ("cold", bc.TopicClassifier(background=False))):
        started = time.time()
        model.fit([r["text"] for r in train], [r["label"] for r in train])
        seconds = time.time() - started
        right = model.score([r["text"] for r in parts["test"]], [r["label"] for r in parts["test"]])
        print(f"SIB-200 {name:10} accuracy {right:.3f}, learned in {seconds:.1f} s")


def corpus() -> dict[str, bc.Article]:
    with gzip.open(SHARED / "corpus" / "articles.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return {r["id"]: bc.Article(id=r["id"], title=r["title"] or "", text=r["text"] or "") for r in records}


def gold(name: str, articles: dict[str, bc.Article]) -> tuple[list[bc.Article], list[list[str]], list[list[str]]]:
    records = list(map(json.loads, (SHARED / "gold" / f"{name}.jsonl").read_text("utf-8").splitlines()))
    topics = [bc.read_taxonomy(SHARED / "taxonomy" / "topics.toml").closure(r["topics"]) for r in records]
    return [articles[r["id"]] for r in records], list(map(sorted, topics)), [r["unsure"] for r in records]


def f1(said: np.ndarray, has: np.ndarray, counted: np.ndarray) -> float:
    return float(2 * (said & has & counted).sum() / max((said & counted).sum() + (has & counted).sum(), 1))


def column(model: bc.TopicClassifier, articles: list[bc.Article], slug: str) -> np.ndarray:
    return np.asarray(model.assess(articles)[1][:, model.classes_.tolist().index(slug)])


def few(train: list[bc.Article], has: np.ndarray, sure: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Rows of n articles with a topic, and of ten times as many (at least 200) without it."""
    rng = np.random.default_rng(seed)
    with_, without = (rng.permutation(np.flatnonzero(side & sure)) for side in (has, ~has))
    return np.concatenate([with_[:n], without[: max(10 * n, 200)]])


def curves(slugs: tuple[str, ...] = (), sizes: tuple[int, ...] = (10, 20, 50)) -> None:
    """F1 on the dev articles from n articles of a topic, with the background and without it."""
    articles = corpus()
    train, topics, unsure = gold("train", articles)
    dev, right, doubt = gold("dev", articles)
    full = bc.TopicClassifier().fit(train, topics, unsure=unsure)
    table = []
    for slug in slugs or TEN:
        has, sure = np.array([slug in t for t in topics]), np.array([slug not in u for u in unsure])
        there, counted = np.array([slug in t for t in right]), np.array([slug not in u for u in doubt])
        line = [f1(column(full, dev, slug), there, counted)]
        for n in sizes:
            for warm in (False, True):
                got = []
                for seed in range(3):
                    rows = few(train, has, sure, n, seed)
                    model = bc.TopicClassifier(background=warm)
                    model.fit([train[i] for i in rows], [[slug] if has[i] else [] for i in rows])
                    got.append(f1(column(model, dev, slug), there, counted))
                line.append(float(np.mean(got)))
        table.append(line)
        print(f"{slug:24}", *(f"{x:.3f}" for x in line), flush=True)
    print(f"{'mean':24}", *(f"{x:.3f}" for x in np.mean(table, axis=0)))
    share = np.mean([np.divide(line, line[0]) for line in table], axis=0)
    print(f"{'mean share of all labels':24}", *(f"{x:.0%}" for x in share))
    print("columns: all labels;", *(f"{n} cold, {n} warm;" for n in sizes))


HERE = Path(__file__).parent
TEN = tuple(topic.slug for topic in bc.read_taxonomy(HERE / "ten_topics.toml"))


def keywords() -> None:
    """F1 on the dev articles of topics learned from eight keywords each and the corpus without its labels."""
    articles = corpus()
    train, topics, unsure = gold("train", articles)
    dev, right, doubt = gold("dev", articles)
    full = bc.TopicClassifier().fit(train, topics, unsure=unsure)
    held_out = {article.id for article in dev}
    dump = [article for article in articles.values() if article.id not in held_out]
    for name in ("ten_topics.toml", "ten_more_topics.toml", "ten_last_topics.toml"):
        started = time.time()
        model, report = fit_keywords(dump, bc.read_taxonomy(HERE / name))
        print(f"{name}: {len(dump)} articles, {time.time() - started:.0f} s")
        table = []
        for topic in report:
            there = np.array([topic.topic in t for t in right])
            counted = np.array([topic.topic not in u for u in doubt])
            of_all = f1(column(full, dev, topic.topic), there, counted)
            said = column(model, dev, topic.topic)
            table.append([of_all, f1(said, there, counted)])
            print(
                f"{topic.topic:20} all labels {of_all:.3f}, keywords {table[-1][1]:.3f} = {table[-1][1] / of_all:.0%}; "
                f"said {said.sum()}, there {there.sum()}; examples {topic.examples}, agreement {topic.agreement}, "
                f"without a keyword {topic.found}",
                flush=True,
            )
        of_all, own = np.mean(table, axis=0)
        print(f"mean {of_all:.3f}, {own:.3f}; mean share {np.mean([k / a for a, k in table]):.1%}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    chosen = sys.argv[1:] or ["sib"]
    for name in chosen:
        {"sib": sib, "curves": curves, "keywords": keywords}[name]()
