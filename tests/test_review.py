"""What to read next: doubtful articles, none twice, and what was ticked comes back."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
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
    (tmp_path / "review.csv").write_text(to_csv(questions), encoding="utf-8-sig")  # as the command line writes it
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


# -------------------------------------------------------------------- what counts as doubtful

RAIN = [f"Hujan lebat hari ke-{i} membuat sungai meluap dan warga mengungsi" for i in range(9)]
COURT = [f"Hakim {i} menjatuhkan vonis penjara kepada terdakwa dalam sidang" for i in range(9)]


def test_a_topic_with_too_few_examples_makes_no_article_doubtful() -> None:
    with pytest.warns(UserWarning, match="has 1 of 19"):
        model = bc.TopicClassifier().fit([*RAIN, *COURT, "unik"], [["banjir"]] * 9 + [["hukum"]] * 9 + [["unik"]])
    model.slope_[model.classes_ == "hukum"] = 0
    model.thresholds_[model.classes_ == "hukum"] = 0.5
    for question in pick(model, ["Sungai meluap saat sidang", "Vonis dibacakan", "Hujan turun di gedung"], 3):
        assert set(question.doubtful) <= {"banjir"}


def test_where_articles_have_one_topic_the_doubt_is_between_two() -> None:
    model = bc.TopicClassifier().fit(RAIN + COURT, ["banjir"] * 9 + ["hukum"] * 9)
    mixed = "Hakim menunda sidang karena sungai meluap dan hujan lebat membuat terdakwa mengungsi"
    first, second, *_ = pick(model, [*RAIN, *COURT, mixed], 5)
    assert first.article.text == mixed
    assert first.doubt > 2 * second.doubt


def test_near_duplicates_are_asked_about_once(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    copies = [bc.Article(id=f"{a.id}-b", title=a.title, text=f"{a.text} Tim redaksi memperbarui.") for a in examples]
    asked = [q.article.id.removesuffix("-b") for q in pick(tagger, [*examples, *copies], 204)]
    assert len(set(asked)) == len(asked) > 90


# -------------------------------------------------------------------- in the browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TICK = """<script>
URL.createObjectURL = (blob) => {
  blob.text().then((text) => document.body.append(Object.assign(document.createElement("pre"), {textContent: text})));
  return "javascript:void 0";
};
const [one, two] = document.querySelectorAll("article");
for (const box of one.querySelectorAll("input[name=topic]")) box.checked = ["agama", "cuaca"].includes(box.value);
for (const box of two.querySelectorAll("input[name=topic]")) box.checked = false;
for (const article of [one, two]) article.querySelector(".done").click();
document.getElementById("save").click();
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, to tick and save as a reader does")
def test_what_is_ticked_in_a_browser_is_saved_and_read_back(
    tagger: bc.TopicClassifier, examples: list[bc.Article], tmp_path: Path
) -> None:
    questions = pick(tagger, examples, 3)
    page = review_page(questions, {slug: slug for slug in tagger.classes_.tolist()})
    (tmp_path / "review.html").write_text(page.replace("</body>", TICK), encoding="utf-8")
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", f"--user-data-dir={tmp_path / 'profile'}"),
        *("--virtual-time-budget=2000", "--dump-dom", (tmp_path / "review.html").as_uri()),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert "2 dari 3 dibaca" in shown
    (saved,) = re.findall(r"<pre>(.*?)</pre>", shown, re.DOTALL)
    (tmp_path / "review.jsonl").write_text(unescape(saved), encoding="utf-8")
    back = list(bc.read_articles([str(tmp_path / "review.jsonl")]))
    assert [(a.id, a.text) for a in back] == [(q.article.id, q.article.text) for q in questions[:2]]
    assert [a.topics for a in back] == [("agama", "cuaca"), ()]
