"""Drift: silent on more of the same, and it says what changed when something did."""

from __future__ import annotations

import json

import pytest

import beritaclass as bc
from beritaclass.drift import compare, describe
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


def test_a_model_remembers_what_it_gave_articles_it_had_not_seen() -> None:
    texts = [f"Hujan lebat {i} membuat sungai meluap" for i in range(8)] + [
        f"Hakim {i} membaca vonis" for i in range(8)
    ]
    model = bc.TopicClassifier().fit(texts, [["banjir"]] * 8 + [["hukum"]] * 8)
    own, again = describe(model, texts, own=True), describe(model, texts)
    assert own["said"] == {"banjir": 8, "hukum": 8}
    assert sum(own["histograms"]["banjir"]) == sum(again["histograms"]["banjir"]) == 16
