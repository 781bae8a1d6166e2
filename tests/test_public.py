"""The public names are there, listed, documented, and importing them costs next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import beritaclass as bc

HEAVY = ("numpy", "pandas", "sklearn", "scipy", "pyarrow", "ftfy", "Sastrawi", "rich", "matplotlib", "dask", "pyspark")


def imported_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", bc.__all__)
def test_each_public_name_is_importable_and_documented(name: str) -> None:
    assert (getattr(bc, name).__doc__ or "").strip()
    assert name in dir(bc)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(bc.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {f"{node.module}.{alias.asname}" for node in block.body for alias in node.names}
    assert seen == {f"beritaclass.{home}.{name}" for name, home in bc._HOMES.items()}


@pytest.mark.parametrize("topics", ["kriminal", {"kriminal": 1}, [1], 5])
def test_an_article_takes_topics_as_a_collection_of_slugs(topics: object) -> None:
    for name in ("topics", "unsure"):
        with pytest.raises(bc.BeritaclassError, match=f"{name} must be a tuple of slugs, such as"):
            bc.Article(text="x", **{name: topics})
    assert bc.Article(text="x", topics=("kriminal",)).topics == ("kriminal",)


@pytest.mark.parametrize("thing", [None, 5, b"Polisi", {"text": "Polisi"}, ["Polisi"]])
def test_what_is_no_article_is_said(thing: object, tagger: bc.TopicClassifier) -> None:
    for ask in (tagger.tag, lambda article: tagger.explain(article, "kriminal"), lambda a: tagger.predict_proba([a])):
        with pytest.raises(bc.BeritaclassError, match=f"must be an Article or a string, got {type(thing).__name__}"):
            ask(thing)


@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "\ud800", "👍" * 999, "x" * 5_000_000, "The quick brown fox."])
def test_any_text_is_tagged_and_explained(text: str, tagger: bc.TopicClassifier) -> None:
    assert tagger.tag(text) == ()
    explanation = tagger.explain(text, "kriminal")
    total = sum(c.value for c in explanation.contributions) + explanation.intercept
    assert total == pytest.approx(explanation.decision, abs=1e-4)


@pytest.mark.parametrize(
    ("path", "message"), [("nowhere.toml", "No such file"), (".", "Is a directory"), ("x.toml", "not UTF-8")]
)
def test_a_taxonomy_that_cannot_be_read(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff")
    with pytest.raises(bc.BeritaclassError, match=message):
        bc.read_taxonomy(tmp_path / path)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'beritaclass' has no attribute 'laod'"):
        bc.laod  # noqa: B018 - asking is the test


def test_importing_loads_nothing_heavy() -> None:
    assert not imported_by("import beritaclass") & set(HEAVY)


def test_tagging_loads_neither_pandas_nor_scikit_learn() -> None:
    loaded = imported_by("import beritaclass as bc; bc.load().tag('Polisi menangkap pencuri motor di Bekasi.')")
    assert not loaded & {"pandas", "sklearn", "pyarrow", "rich", "matplotlib", "jinja2", "joblib"}
