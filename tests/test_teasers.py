"""A teaser for another story never gives an article a topic, nor takes one away."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable

import pytest

import beritaclass as bc
from beritaclass.preprocessing.cleaning import clean_text, repair
from beritaclass.preprocessing.parsing import leading_headline
from conftest import SHARED, needs_shared

FORMS: list[Callable[[str], str]] = [
    lambda title: f"\n\nBaca juga: {title}\n\n",
    lambda title: f"\n\nBaca Juga : {title}\n\n",
    lambda title: f"\n\nBACA JUGA: {title}\n\n",
    lambda title: f"\nBaca juga:\n{title}\n",
    lambda title: f"\n\nBaca Juga\n{title}\n\n",
    lambda title: f"\n\nSimak juga: {title}\n\n",
    lambda title: f"\n\nLihat juga: {title}\n\n",
    lambda title: f"\n\nSimak juga Video: {title}\n\n",
    lambda title: f"\n\n(Baca juga: {title})\n\n",
    lambda title: f"\n\nArtikel terkait: {title}\n\n",
    lambda title: f"\n\nSimak Video '{title}'\n\n",
    lambda title: f"\n\nADVERTISEMENT\n\nSCROLL TO CONTINUE WITH CONTENT\n\nBaca juga: {title}\n\n",
    lambda title: f"\nBaca juga:\n- {title}\n",
    lambda title: f"\nBerita Terkait\n{title}\n",
    lambda title: f"\nPilihan Redaksi:\n{title}\n",
    lambda title: f"\nSaksikan Video Pilihan di Bawah Ini:\n\n{title}\n",
    lambda title: f"\nBaca selengkapnya di sini: {title}\n",
    lambda title: f"\n\n- Advertisement -spot_img\n\nBaca Juga: {title}\n\nLebih Banyak Artikel\n\n",
    lambda title: f" Baca juga: {title}\n",
    lambda title: f" (Baca juga: {title})\n",
    lambda title: f"Baca juga: {title}\n",
    lambda title: f"\nBaca Juga{title}\n",
    lambda title: f"\nBaca artikel menarik lainnya:{title}\n",
    lambda title: f"\nYuk, simak juga: {title}\n",
    lambda title: f'\nTonton juga video "{title}" di sini:\n',
    lambda title: f"\nVideo: {title} Video: {title}\n",
    lambda title: f" Video {title} Video {title}\n",
    lambda title: f"\nJangan lewatkan: {title}\n",
    lambda title: f'\nArtikel ini telah tayang di Wartakita.com dengan judul "{title}"\n',
    lambda title: f" Berita ini sudah dipublikasikan di Wartakita.com, dengan judul: {title}\n",
    lambda title: f" Sebelumnya {title} 1 / 2 Selanjutnya {title}\n",
]


def with_teasers(article: bc.Article, titles: list[str], rng: random.Random) -> bc.Article:
    """Put a teaser at the start of the body, in the middle and at the end, between paragraphs or glued to one."""
    paragraphs = article.text.split("\n")
    headline = leading_headline(clean_text(article.text))
    body = next((n for n, part in enumerate(paragraphs, 1) if headline and headline in repair(part)), 0)
    middle = rng.randrange(body, len(paragraphs) + 1)
    teasers = [rng.choice(FORMS)(title) for title in titles]
    parts = ["\n".join(paragraphs[low:high]) for low, high in ((0, body), (body, middle), (middle, None))]
    text = f"{parts[0]}{teasers[0]}\n{parts[1]}{teasers[1]}\n{parts[2]}{teasers[2]}"
    return bc.Article(id=article.id, title=article.title, text=text)


def changed(tagger: bc.TopicClassifier, articles: list[bc.Article], titles: list[str], seed: int) -> list[str]:
    """Ids of the articles whose topics change when teasers are put in."""
    rng = random.Random(seed)
    plain = [bc.Article(id=a.id, title=a.title, text=a.text) for a in articles]
    teased = [with_teasers(a, rng.sample(titles, 3), rng) for a in plain]
    pairs = zip(tagger.pipe(plain), tagger.pipe(teased), strict=True)
    return [a.article.id for a, b in pairs if {t.topic for t in a.tags} != {t.topic for t in b.tags}]


def test_teasers_do_not_leak_into_the_examples(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    titles = [article.title for article in examples if article.title]
    assert changed(tagger, examples, titles, seed=1) == []


@needs_shared
@pytest.mark.slow
def test_at_least_99_of_100_articles_keep_exactly_their_tags(tagger: bc.TopicClassifier) -> None:
    gold = {json.loads(line)["id"] for line in (SHARED / "gold" / "dev.jsonl").read_text().splitlines()}
    articles, titles = [], []
    with gzip.open(SHARED / "corpus" / "articles.jsonl.gz", "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            if record["id"] in gold:
                articles.append(bc.Article(id=record["id"], title=record["title"], text=record["text"]))
            elif len(record["title"]) > 30 and len(titles) < 5000:
                titles.append(record["title"])
    leaked = changed(tagger, articles, titles, seed=2)
    print(f"\n{len(leaked)} of {len(articles)} articles change their tags: {leaked}")
    assert len(leaked) <= 0.01 * len(articles)
