"""Where the shipped tables and models lie; the only module that knows."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def data_path(name: str) -> Path:
    """Path of a shipped table, such as 'topics.toml'."""
    return Path(str(files("beritaclass._data") / name))


def model_path(name: str = "news") -> Path:
    """Path of the folder of a shipped model."""
    return Path(str(files("beritaclass._models") / name))
