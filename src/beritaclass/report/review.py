"""The page on which one ticks the topics of articles and saves a file that `beritaclass train` takes."""

from __future__ import annotations

from collections.abc import Sequence

from beritaclass.preprocessing.cleaning import clean_text
from beritaclass.report.page import render
from beritaclass.review import Question


def review_page(questions: Sequence[Question], topics: dict[str, str]) -> str:
    """Return a page for the browser where one ticks topics and saves the labelled articles as JSONL.

    Parameters
    ----------
    questions : sequence of Question
    topics : dict
        What a person reads, by slug.
    """
    shown = [
        {
            "record": {"id": q.article.id, "title": q.article.title, "text": q.article.text},
            "text": clean_text(q.article.text).strip(),
            "question": q,
            "order": [*q.doubtful, *(t for t in topics if t not in q.doubtful)],
        }
        for q in questions
    ]
    return render("review.html", questions=shown, topics=topics)
