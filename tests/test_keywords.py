"""Topics from keywords: votes by stems, phrases and near ones, conflicts, and finding what no keyword stands in."""

from __future__ import annotations

import pytest

import beritaclass as bc
from beritaclass.errors import InputError, TaxonomyError
from beritaclass.keywords import fit_keywords, phrases, vote
from beritaclass.preprocessing.stemming import default_stemmer
from beritaclass.preprocessing.tokenization import surfaces
from beritaclass.taxonomy import parse_taxonomy


def stems(text: str) -> list[str]:
    return default_stemmer().stems(surfaces(text))


def votes(text: str, *keywords: str, title: str = "") -> float:
    return sum(vote(stems(title), stems(text), phrases(keywords)).values())


def test_stems_match_not_surfaces() -> None:
    assert votes("Polisi menyita sabu dari kurir", "sabu") == 1
    assert votes("Pengemudi wajib memakai sabuk pengaman", "sabu") == 0
    assert votes("Pelaku menyelundupkan rokok", "penyelundupan") == 1


def test_phrases_vote_whole_and_near_ones_half() -> None:
    assert votes("petugas menyita rokok ilegal di pelabuhan", "rokok ilegal") == 1
    assert votes("rokok yang diduga ilegal", "rokok ilegal") == 0.5
    assert votes("rokok dijual; jauh di kota lain pada hari Minggu ada tambang ilegal", "rokok ilegal") == 0


def test_titles_and_repetition_count_within_bounds() -> None:
    assert votes("sabu", "sabu", title="Kurir sabu ditangkap") == 2
    assert votes("sabu sabu sabu sabu sabu sabu", "sabu") == 2


FISH = [
    f"Nelayan {n} menangkap {fish} dengan jaring di laut, lalu menjualnya di dermaga {place} kepada pengepul"
    for n, (fish, place) in enumerate(
        (f, p) for f in ("tongkol", "tenggiri", "kerapu", "cakalang") for p in ("Natuna", "Bintan", "Tual", "Bitung")
    )
]
HIDDEN = [
    f"Jaring ditebar sejak subuh di laut, hasil tangkapan {f} dijual di dermaga {p} kepada pengepul"
    for f in ("tongkol", "tenggiri")
    for p in ("Natuna", "Tual", "Bitung")
]
OTHER = [
    f"{who} {what} pada hari {day}"
    for who in ("Wali kota", "Hakim", "Pelatih", "Dokter", "Guru", "Menteri")
    for what in ("membuka rapat anggaran di kantor", "memberi keterangan kepada wartawan", "mengumumkan hasil ujian")
    for day in ("Senin", "Selasa", "Rabu", "Kamis")
]
TAXONOMY = parse_taxonomy(
    '[perikanan]\nkeywords = ["nelayan", "tongkol", "tenggiri", "kerapu", "cakalang", "gurita"]\n'
)


def test_it_finds_articles_without_the_keywords() -> None:
    without = [text.replace("tongkol", "ikan").replace("tenggiri", "ikan") for text in HIDDEN]
    model, (report,) = fit_keywords([*FISH, *OTHER], TAXONOMY)
    assert all([tag.topic for tag in model.tag(text)] == ["perikanan"] for text in [*FISH, *without])
    assert not any(model.tag(text) for text in OTHER)
    assert report.learned
    assert report.unheard == ("gurita",)
    assert report.examples == 16
    assert report.agreement > 0.9
    assert report.check


def test_topics_without_keywords_are_named_and_not_learned() -> None:
    with pytest.warns(UserWarning, match="no 'keywords', so not learned: cuaca, hujan"):
        model, (report,) = fit_keywords([*FISH, *OTHER], parse_taxonomy(TAXONOMY.to_toml() + "[cuaca]\n[hujan]\n"))
    assert model.classes_.tolist() == [report.topic] == ["perikanan"]


def test_counter_keywords_outvote() -> None:
    taxonomy = parse_taxonomy(
        '[perikanan]\nkeywords = ["nelayan", "tongkol", "tenggiri", "kerapu", "cakalang"]\n'
        'counter_keywords = ["dermaga", "jaring", "pengepul"]\n'
    )
    with pytest.warns(UserWarning, match="make examples of 0 articles and"):
        _, (report,) = fit_keywords([*FISH, *OTHER], taxonomy)
    assert report.conflicts == 16


def test_contradictory_keywords_are_refused() -> None:
    taxonomy = parse_taxonomy('[x]\nkeywords = ["penyelundupan"]\ncounter_keywords = ["menyelundupkan"]\n')
    with pytest.raises(TaxonomyError, match="'penyelundupan' and counter-keyword 'menyelundupkan' are the same"):
        fit_keywords(OTHER, taxonomy)


def test_keywords_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="holds no word"):
        phrases(["…"])
    with pytest.raises(TaxonomyError, match="no topic of the taxonomy has 'keywords'"):
        fit_keywords(OTHER, parse_taxonomy("[x]\n"))
    with pytest.raises(InputError, match="there are no articles"):
        fit_keywords([], TAXONOMY)


def test_a_topic_that_no_article_is_about_is_warned_of_and_never_said() -> None:
    with pytest.warns(UserWarning, match="topic 'perikanan': the keywords make examples of 0 articles"):
        model, (report,) = fit_keywords(OTHER, TAXONOMY)
    assert not report.learned
    assert not any(model.tag(text) for text in [*OTHER, *FISH])
    assert isinstance(model, bc.TopicClassifier)
