"""The pages for the browser: self-contained, escaped, and showing the figures they are made from."""

from __future__ import annotations

import random
from html.parser import HTMLParser
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import beritaclass as bc
from beritaclass.errors import RecordError
from beritaclass.evaluation import compare, score
from beritaclass.explanation import Contribution, Explanation, Occurrence
from beritaclass.report import plots
from beritaclass.report.dump import DumpCounts, dump_page, month_of, tags_of
from beritaclass.report.evaluation import confused_pairs, evaluation_page
from beritaclass.report.explanation import explanation_page, spans


class Page(HTMLParser):
    """Collects what a page would fetch, its elements and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.elements: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        names = ("src", "href", "xlink:href", "action", "data")
        values = [value or "" for name, value in attrs if name in names]
        self.fetched += [value for value in values if not value.startswith(("#", "data:"))]

    def handle_data(self, data: str) -> None:
        self.text += data


def check_self_contained(html: str) -> Page:
    page = Page(html)
    assert page.fetched == []
    assert "script" not in page.elements
    return page


# -------------------------------------------------------------------- explanations

words = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9), st.floats(-2, 2)), max_size=12)


@given(st.text(min_size=70, max_size=70), words, words)
def test_spans_joined_are_the_text_and_carry_all_that_is_not_cut(text: str, places: list, cuts: list) -> None:
    contributions = tuple(
        Contribution("x", "text", value, (Occurrence("text", a, a + n, text[a : a + n]),)) for a, n, value in places
    )
    explanation = Explanation(
        *("x", 0.9, 0.5, True, 1.0, 0.0, contributions, "", text),
        cuts=tuple(("text", a, a + n, "rule") for a, n, _ in cuts),
    )
    found = spans(explanation, "text")
    assert "".join(span.text for span in found) == text
    cut = {i for a, n, _ in cuts for i in range(a, a + n)}
    at = 0
    for span in found:
        expected = 0.0 if at in cut else sum(v for a, n, v in places if a <= at < a + n)
        assert span.value == pytest.approx(expected, abs=1e-9)
        assert bool(span.rule) == (at in cut)
        at += len(span.text)


def test_the_page_of_an_explanation(tagger: bc.TopicClassifier) -> None:
    article = bc.Article(
        title="Polisi <b>tangkap</b> & tahan pencuri",
        text="Polisi menangkap pencuri motor.\n\nBaca juga: Timnas Menang\n\nKorban melapor, 2 < 3.",
    )
    html = explanation_page(
        [tagger.explain(article, topic) for topic in ("kriminal", "olahraga")], {"kriminal": "Kriminal"}
    )
    page = check_self_contained(html)
    assert "Korban melapor, 2 < 3." in page.text
    assert "Tidak diberi label ini" in page.text
    assert "b" not in page.elements[page.elements.index("section") :]


# -------------------------------------------------------------------- evaluations


def test_the_page_of_an_evaluation(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    comparison = compare(
        tagger, [*examples[:30], bc.Article(text="Polisi menangkap pencuri <motor>", topics=("budaya",))]
    )
    evaluation = score(comparison)
    page = check_self_contained(evaluation_page(tagger, comparison, evaluation, title="contoh <x>"))
    assert f"{evaluation.macro_f1:.3f}" in page.text
    assert "contoh <x>" in page.text
    assert page.elements.count("svg") == 3
    assert "missed" in page.text


def test_confused_pairs_are_counted(tagger: bc.TopicClassifier) -> None:
    crime = "Polisi menangkap tiga tersangka pencurian sepeda motor di Bekasi. Korban dianiaya dengan senjata tajam."
    articles = [bc.Article(text=crime, topics=("budaya",))] * 3 + [bc.Article(text=crime, topics=("kriminal",))]
    assert confused_pairs(compare(tagger, articles))[0] == ("budaya", "kriminal", 3)


# -------------------------------------------------------------------- dumps

tags = st.dictionaries(st.sampled_from("abcde"), st.floats(0, 1), max_size=4)
records = st.lists(
    st.tuples(
        tags, st.sampled_from(["", "2024-05-06", "2025-01-01T10:00", "kemarin"]), st.sampled_from(["", "x.id", "y.id"])
    )
)


@given(records)
def test_counts_add_up(rows: list) -> None:
    counts, rng = DumpCounts(), random.Random(1)
    for said, date, source in rows:
        listed = [{"topic": t, "probability": p} for t, p in said.items()]
        counts.add({"id": "1", "tags": listed, "date": date, "source": source}, rng)
    assert counts.n_articles == len(rows)
    assert counts.n_untagged == sum(not said for said, _, _ in rows)
    assert counts.topics.total() == counts.probabilities.sum() == sum(len(said) for said, _, _ in rows)
    assert counts.pairs.total() == 2 * sum(1 for said, _, _ in rows for _ in combinations(said, 2))
    assert set(counts.months) <= {"2024-05", "2025-01"}
    assert all(1 <= len(sample) <= 4 for sample in counts.samples.values())
    check_self_contained(dump_page([], title="", names={}))


def test_the_page_of_a_dump() -> None:
    rows = [
        {
            "id": str(i),
            "tags": [{"topic": t, "probability": 0.8} for t in topics],
            "title": f"Judul <{i}>",
            "date": date,
        }
        for i, (topics, date) in enumerate([(["kriminal", "hukum"], "2024-01-02"), (["hukum"], "2024-02-03"), ([], "")])
    ]
    page = check_self_contained(dump_page(rows, title="dump <x>", names={"hukum": "Hukum & Peradilan"}))
    assert "Judul <0>" in page.text
    assert "Hukum & Peradilan" in page.text
    assert "33.3 %" in page.text
    assert "--keep source" in page.text


@pytest.mark.parametrize(
    ("date", "month"),
    [
        ("2019-08-12", "2019-08"),
        ("2019/08/12 10:00", "2019-08"),
        ("Senin, 12 Agustus 2019 | 10:00 WIB", "2019-08"),
        ("12 Agu 2019", "2019-08"),
        ("Mon, 12 Aug 2019 03:00:00 +0000", "2019-08"),
        ("Aug 12, 2019", "2019-08"),
        ("12/08/2019", "2019-08"),
        ("12-8-2019, 10.00", "2019-08"),
        (1565578800, "2019-08"),
        (1565578800000, "2019-08"),
        ("1565578800.5", "2019-08"),
        ("31/31/2019", ""),
        ("12 Foo 2019", ""),
        ("2019-13-01", ""),
        (None, ""),
    ],
)
def test_months_of_dates_as_portals_write_them(date: object, month: str) -> None:
    assert month_of(date) == month


@given(st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_any_date_has_a_month_or_none(date: object) -> None:
    assert month_of(date) == "" or len(month_of(date)) == 7


def test_months_without_an_article_are_drawn_too(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[object, ...]] = []
    monkeypatch.setattr(plots, "lines", lambda *given: drawn.append(given) or "")
    tags = [{"topic": "hukum", "probability": 0.9}]
    for dates in (["2023-11-01", "2024-02-05", "2024-02-06"], ["2010-01-01", "2019-01-01"]):
        dump_page(({"tags": tags, "date": date} for date in dates), title="", names={})
    (months, series), (years, _) = drawn
    assert months == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert [(name, values.tolist()) for name, values in series] == [
        ("all articles", [1, 0, 0, 2]),
        ("hukum", [1, 0, 0, 2]),
    ]
    assert years == [str(year) for year in range(2010, 2020)]


def test_tags_are_read_from_every_format() -> None:
    assert tags_of({"tags": [{"topic": "a", "probability": 0.5}]}) == {"a": 0.5}
    assert tags_of({"tags": "a;b", "probabilities": "0.5;0.25"}) == {"a": 0.5, "b": 0.25}
    assert tags_of({"tags": "", "probabilities": ""}) == tags_of({"tags": []}) == {}
    for wrong in ({"tags": 3}, {"tags": [{"topic": "a"}]}, {"tags": "a;b", "probabilities": "0.5"}, {"tags": "a"}):
        with pytest.raises(RecordError, match="must be what 'beritaclass tag' writes"):
            tags_of(wrong)
    with pytest.raises(RecordError, match="no field 'tags'; there are 'text'"):
        tags_of({"text": "x"})
