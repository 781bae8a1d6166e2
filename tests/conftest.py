"""What several test files need: the examples, the shared folder, the shipped model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import beritaclass as bc

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared, the corpus beside the repository")


@pytest.fixture(scope="session")
def tagger() -> bc.TopicClassifier:
    return bc.load()


@pytest.fixture(scope="session")
def examples() -> list[bc.Article]:
    records = map(json.loads, (ROOT / "data" / "examples.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        bc.Article(
            id=r["id"], title=r["title"], text=r["text"], topics=tuple(r["topics"]), unsure=tuple(r.get("unsure", ()))
        )
        for r in records
    ]
