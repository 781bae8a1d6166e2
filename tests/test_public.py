"""The public names are there, listed, documented, and importing them costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

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


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'beritaclass' has no attribute 'laod'"):
        bc.laod  # noqa: B018 - asking is the test


def test_importing_loads_nothing_heavy() -> None:
    assert not imported_by("import beritaclass") & set(HEAVY)


def test_tagging_loads_neither_pandas_nor_scikit_learn() -> None:
    loaded = imported_by("import beritaclass as bc; bc.load().tag('Polisi menangkap pencuri motor di Bekasi.')")
    assert not loaded & {"pandas", "sklearn", "pyarrow", "rich", "matplotlib", "jinja2", "joblib"}
