"""Drift: silent on more of the same, and it says what changed when something did."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import beritaclass as bc
from beritaclass.article import sample
from beritaclass.drift import EDGES, compare, describe
from beritaclass.errors import InputError


@pytest.fixture(scope="module")
def parts(examples: list[bc.Article]) -> tuple[list[bc.Article], list[bc.Article]]:
    return examples[::2] * 4, examples[1::2] * 4


def test_a_dump_has_not_drifted_from_itself(
    tagger: bc.TopicClassifier, parts: tuple[list[bc.Article], list[bc.Article]]
) -> None:
    reference = describe(tagger, parts[0])
    found = compare(reference, reference)
    assert found.verdict == "stable"
    assert found.unseen == found.unseen_before
    assert all(topic.z == topic.stability == 0 for topic in found.topics)
    assert json.loads(json.dumps(reference)) == reference


def test_a_rising_topic_is_named(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    fire = [a for a in examples if "kebakaran" in (a.topics or ())]
    assert fire
    found = compare(describe(tagger, examples * 3), describe(tagger, [*examples, *fire * 40]))
    assert found.verdict != "stable"
    assert found.topics[0].topic == "kebakaran"
    assert any(reason.startswith("rising: kebakaran") for reason in found.reasons)


def test_another_language_has_shifted(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    words = "wibble quux frobnitz zorkmid xyzzy plugh grault garply"
    found = compare(describe(tagger, examples), describe(tagger, [f"{words} {i}" for i in range(50)]))
    assert found.verdict == "shifted"
    assert found.unseen > 0.8
    assert "of the words are unknown to the model" in found.reasons[0]


def test_nothing_and_other_topics_are_refused(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    with pytest.raises(InputError, match="no articles"):
        describe(tagger, [])
    reference = describe(tagger, examples)
    fewer = describe(tagger.without_topics(["hoaks"]), examples)
    with pytest.raises(InputError, match="different topics"):
        compare(reference, fewer)


TEXTS = [f"Hujan lebat {i} membuat sungai meluap" for i in range(8)] + [f"Hakim {i} membaca vonis" for i in range(8)]
TOPICS = [["banjir"]] * 8 + [["hukum"]] * 8


def test_a_model_remembers_what_it_gave_articles_it_had_not_seen(tmp_path: Path) -> None:
    model = bc.TopicClassifier().fit(TEXTS, TOPICS)
    own, again = model.reference_, describe(model, TEXTS)
    assert own is not None
    assert own["said"] == again["said"] == {"banjir": 8, "hukum": 8}
    assert sum(own["histograms"]["banjir"]) == sum(again["histograms"]["banjir"]) == 16
    # What it says of its own articles is surer than what it said of them before it had seen them.
    assert own["histograms"]["banjir"][-1] <= again["histograms"]["banjir"][-1]
    expected = np.bincount(np.digitize(model.out_of_fold_[:, 0], EDGES), minlength=11)
    assert own["histograms"]["banjir"] == expected.tolist()
    assert bc.load(bc.save(model, tmp_path / "model")).reference_ == own


def test_added_and_dropped_topics_keep_their_own_training() -> None:
    base = bc.TopicClassifier().fit(TEXTS, TOPICS)
    assert base.reference_ is not None
    goals = [f"Timnas menang {i} gol dalam laga sepak bola" for i in range(5)]
    more = base.with_topics([*goals, *TEXTS], [["bola"]] * 5 + [[]] * 16)
    assert more.reference_ is not None
    assert more.reference_["said"] == {"banjir": 8, "hukum": 8, "bola": 5}
    assert {t: sum(h) for t, h in more.reference_["histograms"].items()} == {"banjir": 16, "hukum": 16, "bola": 21}
    assert compare(more.reference_, describe(more, TEXTS)).verdict
    fewer = more.without_topics(["banjir", "bola"])
    assert fewer.reference_ is not None
    assert fewer.reference_["said"] == {"hukum": 8}
    assert "banjir" in more.reference_["said"]


def test_a_long_dump_is_sampled_from_its_whole_length() -> None:
    drawn = sample((bc.Article(id=str(i)) for i in range(5_000)), 500)
    assert len({article.id for article in drawn}) == 500
    assert 2_200 < np.mean([int(article.id) for article in drawn]) < 2_800
    assert [a.id for a in sample([bc.Article(id="a"), "b"], 5)] == ["a", ""]
