"""The public names are there, listed, documented, and importing them costs next to nothing."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
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


def public_callables() -> dict[str, Callable[..., object]]:
    """What can be called of what is public, methods too, but for errors and the methods of Python's own classes."""
    found = {name: getattr(bc, name) for name in bc.__all__ if name != "BeritaclassError"}
    for name, thing in list(found.items()):
        if isinstance(thing, type):
            found |= {
                f"{name}.{method}": function
                for method, function in inspect.getmembers(thing, callable)
                if not method.startswith("_") and str(getattr(function, "__module__", "")).startswith("beritaclass")
            }
    return found


def sections(thing: object) -> dict[str, str]:
    """Split a docstring by the underlined headings of numpydoc."""
    _, *parts = re.split(r"^(\w+)\n-{3,}\n", inspect.getdoc(thing) or "", flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("name", public_callables())
def test_parameters_and_returns_are_documented(name: str) -> None:
    thing, documented = public_callables()[name], sections(public_callables()[name])
    signature = inspect.signature(thing)
    entries = re.findall(r"^(\S.*?)(?: : .*)?$", documented.get("Parameters", ""), re.MULTILINE)
    described = {parameter.strip("* ") for entry in entries for parameter in entry.split(",")}
    assert set(signature.parameters) - {"self"} == described
    if not isinstance(thing, type) and signature.return_annotation != "None":
        assert documented.keys() & {"Returns", "Yields"}


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
