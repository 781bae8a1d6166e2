"""What to read next: doubtful articles, none twice, and what was ticked comes back."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

import beritaclass as bc
from beritaclass.errors import InputError
from beritaclass.report.review import review_page
from beritaclass.review import pick, to_csv


def test_doubtful_articles_come_first_and_none_twice(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    questions = pick(tagger, [*examples, *examples], 20)
    texts = [q.article.text for q in questions]
    assert len(set(texts)) == len(texts) == 20
    chosen = np.mean([q.doubt for q in questions])
    everyone = np.mean([q.doubt for q in pick(tagger, examples, 1000)])
    assert chosen > everyone
    for question in questions:
        assert question.tags == tuple(sorted(tag.topic for tag in tagger.tag(question.article)))


def test_there_may_be_fewer_than_asked_for(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    assert len(pick(tagger, examples[:3], 50)) == 3
    assert pick(tagger, [], 5) == []
    assert pick(tagger, ["", "…"], 5) == []
    with pytest.raises(InputError, match="n must be at least 1"):
        pick(tagger, examples, 0)


def test_the_table_is_read_back_by_train(
    tagger: bc.TopicClassifier, examples: list[bc.Article], tmp_path: Path
) -> None:
    questions = pick(tagger, examples, 6)
    (tmp_path / "review.csv").write_text(to_csv(questions), encoding="utf-8")
    back = list(bc.read_articles([str(tmp_path / "review.csv")]))
    assert [article.id for article in back] == [q.article.id for q in questions]
    assert [set(article.topics or ()) for article in back] == [set(q.tags) for q in questions]


def test_a_cell_is_no_formula(tagger: bc.TopicClassifier) -> None:
    (question,) = pick(tagger, [bc.Article(id="1", title="=1+1", text="Polisi menangkap pencuri di Bekasi")], 1)
    (row,) = csv.DictReader(io.StringIO(to_csv([question])))
    assert row["title"] == "'=1+1"


def test_the_page_holds_the_articles_and_runs_nothing_of_theirs(tagger: bc.TopicClassifier) -> None:
    wicked = bc.Article(id="x", title="</script><script>alert('1')</script>", text='Polisi "menangkap" pencuri & kawan')
    questions = pick(tagger, [wicked], 1)
    page = review_page(questions, {slug: slug.title() for slug in tagger.classes_.tolist()})
    assert page.count("<script>") == 1
    (record,) = (json.loads(unescape(found)) for found in re.findall(r'data-record="([^"]*)"', page))
    assert record == {"id": "x", "title": wicked.title, "text": wicked.text}
    assert page.count('name="topic"') == len(tagger.classes_)
    ticked = re.findall(r'value="([^"]+)" checked', page)
    assert sorted(ticked) == sorted(questions[0].tags)
