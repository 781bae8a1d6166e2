"""Stems of Indonesian news words: reviewed lists, the rules by example, and the properties that the table rests on."""

from __future__ import annotations

import doctest
import importlib.metadata
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beritaclass.errors import ConflictError, InputError
from beritaclass.preprocessing import stemming
from beritaclass.preprocessing.stemming import Stemmer, check_sastrawi, default_stemmer, read_overrides, read_stem_table
from beritaclass.preprocessing.tokenization import KEPT

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
HERE = Path(__file__).parent / "stemming"
SURFACES = st.text(KEPT, max_size=24) | st.sampled_from(sorted(read_stem_table()))


def rows(path: Path) -> list[list[str]]:
    found = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert found, f"{path} holds nothing to check"
    return found


def test_reviewed_words():
    stem, derive = default_stemmer().stem, Stemmer().derive
    found = [[surface, stem(surface), derive(surface)] for surface, _ in rows(HERE / "reviewed.tsv")]
    assert found == [[surface, right, right] for surface, right in rows(HERE / "reviewed.tsv")]


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared")
def test_words_reported_by_users_of_sastrawi():
    wrong = [row for row in rows(SHARED / "stemming" / "reported.tsv") if default_stemmer().stem(row[0]) != row[1]]
    assert not wrong


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row[0], marks=pytest.mark.xfail(reason=row[2], strict=True))
        for row in rows(HERE / "known_failures.tsv")
    ],
)
def test_known_failures(row):
    assert default_stemmer().stem(row[0]) == row[1]


RULES = """
nothing: - ' -- '-' =
numbers: 2026 2-1 2019-2024 ke-2 1990-an 17an 2nya = 0
money: rp500 rp500-an = rp; usd10 = usd
names with numbers: covid-19 = covid; u-23 = u-23; g20 = g20; 5g = 5g
quotes and dashes at the edge: 'jokowi jokowi' -jokowi = jokowi; kata-kata- = kata
apostrophes inside: jum'at = jumat; qur'an = quran; ma'ruf = maruf
clitics: kpk-nya = kpk; balinya = bali; perbankannya = bank; membelinya = beli; beliaulah = beliau
no clitic: pun = pun; tingkah = tingkah; bertanya = tanya; melangkah = langkah; dibantah = bantah
hyphen after a prefix: di-upload = upload; meng-upgrade = upgrade; se-indonesia = indonesia; eks-kapolri = kapolri
one word, two spellings: non-tunai nontunai = nontunai; anti-korupsi antikorupsi = antikorupsi
two words: jakarta-bandung = jakarta-bandung; bolak-balik = bolak-balik
reduplication: anak-anak anak-anaknya = anak; besar-besaran = besar; tarik-menarik = tarik; memukul-mukul = pukul
a word that is double: undang-undang undang-undangnya perundang-undangan = undang-undang; gado-gado = gado-gado
shorthand: yg = yang; dgn = dengan; utk = untuk; tdk = tidak; dll = dll; bareskrim = bareskrim; kemenkes = kemenkes
colloquial: ngobrol = obrol; jawabin = jawab; ngelawan = lawan; nontonin = tonton
spelling: bernafas = napas; dianalisa = analisis
"""
EXAMPLES = [
    (surface, stem.strip())
    for line in RULES.strip().splitlines()
    for example in line.partition(": ")[2].split(";")
    for surfaces, _, stem in [example.partition("=")]
    for surface in surfaces.split()
]


@pytest.mark.parametrize(("surface", "stem"), EXAMPLES)
def test_rules_by_example(surface, stem):
    assert default_stemmer().stem(surface) == stem
    assert Stemmer().derive(surface) == stem


def test_a_stem_is_its_own_stem():
    table, derive = read_stem_table(), Stemmer().derive
    assert len(table) > 90_000
    assert not [stem for stem in set(table.values()) if table[stem] != stem or derive(stem) != stem]


def test_the_table_only_remembers():
    derive = Stemmer().derive
    some = sorted(read_stem_table().items())[::37]
    assert [(surface, derive(surface)) for surface, _ in some] == some


@given(SURFACES)
def test_any_surface_has_one_stem_whatever_was_asked_before(surface):
    stem = default_stemmer().stem(surface)
    assert stem == Stemmer().derive(surface) == default_stemmer().stem(surface)
    assert " " not in stem
    assert bool(stem) == bool(surface.strip("-'"))
    assert default_stemmer().stems([surface, surface]) == [stem, stem]


@given(st.text("abdegikmnprstuy", min_size=4, max_size=12))
def test_a_word_without_the_shape_of_an_affix_is_what_sastrawi_leaves_whole(word):
    if not stemming._MAY_BE_AFFIXED.search(word):
        _, stem_word = stemming._sastrawi()
        assert stem_word(word) == word


@pytest.mark.parametrize("prefixes", ["", "di", "ber", "ter", "se", "memper", "diper", "keber"])
@pytest.mark.parametrize("suffixes", ["", "kan", "annya", "inya", "kanlah"])
def test_no_root_in_affixes_is_overlooked(prefixes, suffixes):
    is_root, _ = stemming._sastrawi()
    for root in ("tangkap", "sidik", "perkosa", "uang", "adil", "didik", "banjir", "unggul"):
        assert stemming._may_hold_root(prefixes + root + suffixes, is_root)
    for root, nasal in (("pakai", "mem"), ("tangkap", "men"), ("kumpul", "meng"), ("sidik", "peny")):
        assert stemming._may_hold_root(nasal + root[1:] + suffixes, is_root)
    assert not stemming._may_hold_root(f"{prefixes}xyzzy{suffixes}", is_root)


@pytest.mark.parametrize("part", ["di-", "meng", "nya", "-nya", "7", "'x-"])
def test_endless_words_carry_nothing_and_cost_nothing(part):
    assert default_stemmer().stem(part * 100_000) == ""


def test_exceptions_go_first_and_travel():
    stemmer = Stemmer({"makan": "MAKAN", "sikat": "pukul"})
    for each in (stemmer, pickle.loads(pickle.dumps(stemmer))):
        assert each.stems(["makan", "'makan'", "sikat", "dimakan"]) == ["MAKAN", "MAKAN", "pukul", "makan"]
    assert default_stemmer().stem("sikat") == "sikat"


@pytest.mark.parametrize("wrong", [{"a": 1}, {1: "a"}])
def test_exceptions_must_be_words(wrong):
    with pytest.raises(InputError, match="both strings, got"):
        Stemmer(wrong)


def test_a_pickled_default_stemmer_is_small_and_the_shared_one():
    pickled = pickle.dumps(default_stemmer())
    assert len(pickled) < 200
    assert pickle.loads(pickled) is default_stemmer()


def test_threads_get_the_same_stems(monkeypatch):
    monkeypatch.setattr(stemming, "_MEMO_LIMIT", 50)
    words = [f"me{a}ng{b}kannya" for a in "aeioubdg" for b in ("an", "it", "ot", "ul", "as")] * 20
    stemmer = Stemmer()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(stemmer.stem, words))
    assert found == [Stemmer().derive(word) for word in words]
    assert len(stemmer._memo) <= 50 + 8  # each thread may pass the bound once


def test_importing_and_known_words_need_no_sastrawi():
    code = (
        "import sys; from beritaclass.preprocessing.stemming import default_stemmer as d;"
        "assert d().stems(['perbankan', 'kemenkes', '2026', 'zxq']) == ['bank', 'kemenkes', '0', 'zxq'];"
        "assert 'Sastrawi' not in sys.modules; d().stem('mengzxqkan'); assert 'Sastrawi' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_abandoned_sastrawi_is_refused():
    with pytest.raises(ConflictError, match=r"'Sastrawi' 1\.0\.1 is installed.*pip uninstall -y Sastrawi PySastrawi"):
        check_sastrawi(lambda name: "1.0.1")
    check_sastrawi(importlib.metadata.version)  # not here


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("stems.txt", "# beritaclass stem table 2: …\na b\n\nc\n", read_stem_table),
        ("stems.txt", "", read_stem_table),
        ("stem_overrides.tsv", "# beritaclass stem overrides 0\na\tb\tc\n", read_overrides),
    ],
)
def test_another_format_or_version_is_refused(tmp_path, monkeypatch, name, content, read):
    (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.setattr(stemming, "data_path", tmp_path.joinpath)
    with pytest.raises(InputError, match=f"{name}: expected a file that begins '# beritaclass stem"):
        read.__wrapped__()


def test_overrides_are_sorted_unique_folded_and_give_reasons():
    found = rows(ROOT / "data" / "stem_overrides.tsv")
    assert [surface for surface, _, _ in found] == sorted({surface for surface, _, _ in found})
    for surface, stem, reason in found:
        assert set(surface + stem) <= set(KEPT), surface
        assert reason.strip(), surface
        assert stem == stemming.NO_ROOT or read_overrides().get(stem, stem) == stem, f"{surface}: {stem} is no stem"


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared")
def test_the_committed_table_is_what_a_rebuild_gives():
    tool = [sys.executable, ROOT / "tools" / "build_stem_table.py", "--check"]
    assert subprocess.run(tool, check=False).returncode == 0


def test_a_check_without_a_corpus_fails(tmp_path):
    tool = [sys.executable, ROOT / "tools" / "build_stem_table.py", "--check", "--corpus", tmp_path / "none.jsonl.gz"]
    done = subprocess.run(tool, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "nothing to build from, nothing checked" in done.stderr


def test_the_example_of_the_module():
    results = doctest.testmod(stemming)
    assert results.attempted
    assert not results.failed
