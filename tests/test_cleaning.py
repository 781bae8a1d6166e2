import gzip
import json
import random
import time
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beritaclass._resources import data_path
from beritaclass.preprocessing import cleaning
from beritaclass.preprocessing.cleaning import CleanedText, clean, clean_plainly, clean_text, repair
from beritaclass.preprocessing.repair import repair_plainly

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "articles.jsonl.gz"
CASES = Path(__file__).parent / "cleaning"
RULES = tomllib.loads(data_path("cleaning.toml").read_text(encoding="utf-8"))["rule"]

EXAMPLES = [
    pytest.param(*example, id=f"{rule['name']}-{n}") for n, rule in enumerate(RULES) for example in rule["examples"]
]
KEEPS = [pytest.param(keep, id=f"{rule['name']}-{n}") for n, rule in enumerate(RULES) for keep in rule["keeps"]]


def read_cases(name: str) -> list[str]:
    lines = (CASES / name).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    return [case.strip("\n") for case in text.split("\n---\n")]


def replay(cleaned: CleanedText) -> str:
    kept, done = [], 0
    for cut in cleaned.cuts:
        assert cut.text == cleaned.repaired[cut.start : cut.end]
        kept.append(cleaned.repaired[done : cut.start])
        done = cut.end
    return "".join(kept) + cleaned.repaired[done:]


def check(raw: str) -> None:
    """What holds for every text."""
    cleaned = clean(raw)
    assert cleaned.repaired == repair(raw)
    assert replay(cleaned) == cleaned.text, "only deletions"
    assert all(a.start < a.end <= b.start for a, b in pairwise(cleaned.cuts)), "ascending and apart"
    assert clean_text(raw) == cleaned.text, "both ways agree"
    again = clean(cleaned.text)
    assert again.cuts == (), "cutting again cuts nothing"
    assert again.text == cleaned.text


def test_every_rule_has_an_example_and_a_counter_example() -> None:
    assert len(RULES) > 20
    for rule in RULES:
        assert rule["examples"], rule["name"]
        assert rule["keeps"], rule["name"]


@pytest.mark.parametrize(("raw", "expected"), EXAMPLES)
def test_example_of_rule(raw: str, expected: str) -> None:
    assert clean_text(raw) == expected
    check(raw)


@pytest.mark.parametrize("rule", range(len(RULES)))
def test_rule_is_needed_by_one_of_its_examples(rule: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = cleaning.default_rules().rules
    without = cleaning.Rules(rules[:rule] + rules[rule + 1 :])
    monkeypatch.setattr(cleaning, "default_rules", lambda: without)
    assert any(clean_text(raw) != expected for raw, expected in RULES[rule]["examples"])


@pytest.mark.parametrize("keep", KEEPS)
def test_counter_example_of_rule(keep: str) -> None:
    assert clean(keep) == CleanedText(keep, keep, ())


@pytest.mark.parametrize("text", read_cases("unchanged.txt"))
def test_text_that_must_not_change(text: str) -> None:
    assert clean(text) == CleanedText(text, text, ())


@pytest.mark.xfail(strict=True, reason="see the comments in tests/cleaning/known_failures.txt")
@pytest.mark.parametrize("case", read_cases("known_failures.txt"))
def test_known_failure(case: str) -> None:
    raw, expected = case.split("\n=>\n")
    assert clean_text(raw) == expected


BODY = "Warga desa itu menanam padi sejak awal musim hujan."
NEXT = "Menurutnya, panen tahun ini akan lebih baik daripada tahun lalu."
TITLE = "Kapal Tanker Terbakar di Selat, Tiga Awak Hilang"
SECOND = "Timnas Menang Telak, Pelatih Puji Kiper Muda"
SMALL = "Kapal tanker terbakar di selat, tiga awak belum ditemukan"


@pytest.mark.parametrize(
    "form",
    [
        "{body}\nBaca juga: {title}\n{next}",
        "{body}\nBaca Juga : {title}\n{next}",
        "{body}\nBACA JUGA: {title}\n{next}",
        "{body}\nbaca juga: {title}\n{next}",
        "{body}\nYuk, baca juga: {title}\n{next}",
        "{body}\nBaca Juga :\xa0 {title}\n{next}",
        "{body}\n- Baca juga: {title}\n{next}",
        "{body}\nBaca juga: {small}\n{next}",
        "{body}\nBaca juga: “{title}”\n{next}",
        "{body}\nBaca juga: 'Kapal' Terbakar di Selat, 'Tiga' Awak Hilang\n{next}",
        "{body}\nBaca juga:\n{title}\n{next}",
        "{body}\n\nBaca juga:\n\n{title}\n\n{next}",
        "{body}\nBaca juga:\n{small}\n{next}",
        "{body}\nBaca juga:\n{title} {next}",
        "{body}\nBaca Juga\n{title}\n{second}\n{next}",
        "{body}\nBaca Juga\n{next}",
        "{body}Baca juga: {title}{next}",
        "{body} Baca juga: {title} {next}",
        "{body} Baca juga: {small}. {next}",
        "{body} (Baca juga: {title}) {next}",
        "{body} [Baca juga: {title}] {next}",
        "{body}BACA JUGA - {title} {next}",
        "{body}Baca Juga{title}{second}{next}",
        "{body}\nBaca juga: {title}\nBaca juga: {second}\n{next}",
        "{body} Baca juga: {title} ADVERTISEMENT {next}",
        "{body}\nBaca juga: {title}\nADVERTISEMENT\nSCROLL TO CONTINUE WITH CONTENT\n{next}",
        "{body} Baca: {title} {next}",
        "{body}\nSimak juga: {title}\n{next}",
        "{body}\nLihat juga video: {title}\n[Gambas:Video 20detik]\n{next}",
        "{body}\nTonton juga Video {title}\n[Gambas:Video 20detik]\n{next}",
        "{body}\nSimak Video '{title}':\n[Gambas:Video 20detik]\n{next}",
        '{body} Simak Video "{title}" [Gambas:Video 20detik] {next}',
        "{body} Simak juga '{title}' {next}",
        "{body}\nSaksikan juga video: {title}\n{next}",
        "{body}\nSimak video pilihan berikut:\n{small}.\n{next}",
        "{body}\nArtikel terkait:\n{title}\n{second}\n{next}",
        "{body}\nBaca juga:,{next}",
        "{body} {next} Baca juga: {title}",
        "{body}\nBaca juga:\n- {title}\n- {second}\n{next}",
        "{body}\nBaca Juga:\n• {small}\n• {title}\n{next}",
        "{body}\nBaca juga:\n1. {title}\n2. {second}\n{next}",
        "{body}\nBACA JUGA {small}\n{next}",
        "{body}\nBaca juga: {title}. Dua kapal penyelamat sudah dikirim ke sana.\n{next}",
        "{body}\nBaca selengkapnya di sini: {title}\n{next}",
        "{body}\nSimak berita lainnya: {title}\n{next}",
        "{body}\nBerita Terkait\n{title}\n{second}\n{next}",
        "{body}\nPilihan Editor: {title}\n{next}",
        "{body}\nPilihan Redaksi\n{title}\n{second}\n{next}",
        "{body}\nJangan lewatkan: {title}\n{next}",
        "{body}\nSaksikan Video Pilihan di Bawah Ini:\n\n{title}\n\n{next}",
        "{body}\nBaca juga: {title} | Wartakita\n{next}",
        "{body}\nBaca juga: {title}, Selasa 12 Maret 2024\n{next}",
        "Baca juga: {title}\n{body}\n{next}",
    ],
)
def test_teaser_gives_the_article_no_word(form: str) -> None:
    raw = form.format(body=BODY, next=NEXT, title=TITLE, second=SECOND, small=SMALL)
    assert "".join(clean_text(raw).split()) == "".join((BODY + NEXT).split())
    check(raw)


@pytest.mark.parametrize(
    "sentence",
    [
        "Kepala Dinas Pertanian Rini Hujan menambahkan panen akan membaik.",
        "Sekretaris Daerah dan Keuangan Budi Awan menambahkan panen akan membaik.",
        "Pada Senin (3/2/2025) malam, panen dimulai.",
        "Namun Rini Hujan menunda panen.",
        "JAKARTA, WARTAKITA.com - Panen di Kota Batam dimulai.",
        "BANDUNG- Panen di Kota Batam dimulai.",
    ],
)
def test_sentence_after_a_glued_headline_keeps_its_names(sentence: str) -> None:
    raw = f"{BODY} Baca juga: {TITLE} {sentence}"
    assert clean_text(raw) == f"{BODY} {clean_text(sentence)}"
    check(raw)


@pytest.mark.parametrize(
    "sentence",
    [
        "Produk emas itu dijual di kota.",
        "Harga itu berlaku mulai Senin.",
    ],
)
def test_offices_and_cities_inside_a_glued_headline_go_with_it(sentence: str) -> None:
    title = "Kantor Kepala Dinas dan Ruko di Rute Jakarta-Bandung Dibakar Massa"
    assert clean_text(f"{BODY} Baca juga: {title} {sentence}") == f"{BODY} {sentence}"


def test_points_of_the_article_after_a_teaser_without_link_stay() -> None:
    for points in ("1. Pilih tirai tinggi\nTirai membuat ruang luas.\n2. Geser sofa itu", "Pilih tirai."):
        raw = f"{BODY}\nBaca juga:\n{points}"
        assert clean_text(raw) == f"{BODY}\n{points}"


def test_cut_says_what_where_and_why() -> None:
    raw = f"BATAM, WARTAKITA.com - {BODY}\nBaca juga: {TITLE}\n{NEXT} (rin/awn)"
    cleaned = clean(raw)
    assert [(cut.rule, cut.text) for cut in cleaned.cuts] == [
        ("dateline", "BATAM, WARTAKITA.com - "),
        ("teaser", f"Baca juga: {TITLE}\n"),
        ("byline", " (rin/awn)"),
    ]
    assert raw.index("Baca juga") == cleaned.cuts[1].start
    assert cleaned.text == f"{BODY}\n{NEXT}"


def test_headline_under_a_video_that_is_said_twice() -> None:
    raw = f"{BODY}\n{NEXT}\n{TITLE} {TITLE}"
    assert clean_text(raw) == f"{BODY}\n{NEXT}"
    check(raw)
    for kept in (f"{TITLE} {TITLE}", f"{BODY}\n{TITLE} {SECOND}", f"{BODY}\nHore hore"):
        assert clean_text(kept) == kept


def test_cuts_that_open_onto_one_another() -> None:
    raw = f"{BODY}\nBaca <b>juga</b>: {TITLE}\n{NEXT}"
    assert clean_text(raw) == f"{BODY}\n{NEXT}"
    check(raw)


@pytest.mark.parametrize(
    ("raw", "repaired"),
    [
        ("kafÃ© di tepi jalan", "kafé di tepi jalan"),
        ("â€œHujan turun,â€\x9d katanya", "“Hujan turun,” katanya"),
        ("Beli gula &amp; garam", "Beli gula & garam"),
        ("Beli gula &amp;amp; garam", "Beli gula & garam"),
        ("3 &lt; 4", "3 < 4"),
        ("Bea\u200bCukai\ufeff Batam", "BeaCukai Batam"),
        ("Bea\xa0Cukai", "Bea Cukai"),
        ("ﬁlm\u00ad baru", "film baru"),
        ("baris\r\nbaru\rlagi", "baris\nbaru\nlagi"),
        ("nol\x00 byte\x1b", "nol byte"),
        ("\ud83d pecah \udc00", "\ufffd pecah \ufffd"),
        ("utuh \ud83d\ude00", "utuh 😀"),
        ("“Tunggu…” — kata ‘Rini’ – R&B", "“Tunggu…” — kata ‘Rini’ – R&B"),
        ("", ""),
        (" \n\t ", " \n\t "),
    ],
)
def test_repair(raw: str, repaired: str) -> None:
    assert repair(raw) == repaired
    assert repair(repaired) == repaired
    check(raw)


PIECES = st.sampled_from(
    [
        *("Baca juga", "baca juga", "BACA JUGA", "Baca", "Simak juga", "Simak Video", "Lihat juga", "Artikel terkait"),
        *(
            ":",
            " :",
            ": ",
            ",",
            ".",
            "\n",
            "\n\n",
            " ",
            "(",
            ")",
            "[",
            "]",
            "'",
            '"',
            "“",
            "”",
            "-",
            "–",
            "…",
            "&",
            "amp;",
        ),
        *("ADVERTISEMENT", "SCROLL TO CONTINUE WITH CONTENT", "[Gambas:Video 20detik]", "spot_img", "Wajib dibaca"),
        *(
            "(fca/ita)",
            "(rin)",
            "(*)",
            "(Rini Hujan)",
            "Penulis: Rini",
            "Editor: Budi",
            "Foto: Rini/Warta",
            "(Foto: Rini)",
        ),
        *(
            "BATAM, KOMPAS.com - ",
            "KOMPAS",
            ".com",
            "Liputan6.com, Jakarta",
            "CNBC Indonesia",
            " -- ",
            "<b>",
            "</b>",
            "<",
        ),
        *(
            TITLE,
            SECOND,
            SMALL,
            BODY,
            NEXT,
            "Ia",
            "Menurut",
            "kata",
            "Rini",
            "di",
            "2 dari 3 halaman",
            "https://t.me/x",
        ),
        *(
            "Ikuti saluran WhatsApp",
            "Saturday, August 9, 2025",
            "Sunday, 3 May 2020 10:15 WIB",
            "Baca selengkapnya di sini.",
            "Copyright ©",
            "Artikel ini telah tayang di",
            "Sumber",
        ),
        *("(", "(r", "in)", "(B", ".Rini)", "\n", "<i>", "</i>", "loading..."),
        *("é", "\u0301", "Ã©", "\u200b", "\x00", "İ", "ſ", "K", "\ud800", "ba", "ca", "juga", "Halaman", "Selanjutnya"),
    ]
)
SCRAPED = st.lists(PIECES | st.text(max_size=3), max_size=14).map("".join)


@settings(max_examples=600, deadline=None)
@given(SCRAPED)
def test_what_holds_for_scraped_text(raw: str) -> None:
    check(raw)


@settings(max_examples=600, deadline=None)
@example(",Baca juga\nbaca jugaBaca juga")
@given(SCRAPED)
def test_fast_way_agrees_with_every_rule_tried_everywhere(raw: str) -> None:
    assert clean_text(raw) == clean_plainly(raw)


@settings(max_examples=500, deadline=None)
@given(st.text(st.characters() | st.characters(categories=["Cs"])))
def test_what_holds_for_any_text(raw: str) -> None:
    check(raw)


@settings(max_examples=1000, deadline=None)
@given(
    st.text(
        st.characters() | st.sampled_from("&;#x3ltampÃÂâ€™ï¿½é”…\x9d\u200b\r\n\x00e\u0301\ud83d\ude00"), max_size=40
    )
)
def test_fast_repair_agrees_with_plain_repair_and_settles(raw: str) -> None:
    repaired = repair(raw)
    assert repaired == repair_plainly(raw)
    assert repair(repaired) == repaired
    repaired.encode("utf-8")  # no lone surrogate is left


@pytest.mark.slow
@pytest.mark.parametrize(
    "raw",
    [
        (BODY + " ") * 100_000,
        "Baca juga " * 100_000,
        "Baca juga: " * 100_000,
        "Baca juga: " + "Judul Berita " * 300_000,
        f"Baca juga: {TITLE}\n" * 50_000,
        " " * 1_000_000,
        "Baca juga:" + " " * 1_000_000 + "Judul",
        "\n" * 1_000_000,
        "(" * 500_000,
        "<" * 500_000,
        "KOMPAS.com" * 200_000,
        "x.com " * 200_000,
        "&amp;" * 200_000,
        "Foto: " * 200_000,
        '"' * 500_000,
        ": " * 500_000,
        "Penulis: a " * 100_000,
        "Ikuti " * 200_000,
        "Ã©" * 20_000,
        "Ã©" + "a" * 2_000_000,
        " " * 500_000 + "Foto: " * 100_000,
        "<b" * 50_000 + ">" * 50_000,
        "(" * 50_000 + "rin)" * 50_000,
        "Baca <b" * 20_000 + ">juga: " * 20_000,
    ],
    ids=lambda raw: f"{raw[:14]!r}-{len(raw)}",
)
def test_no_text_is_slow(raw: str) -> None:
    start = time.process_time()
    clean_text(raw)
    assert time.process_time() - start < 20


@pytest.mark.skipif(not CORPUS.exists(), reason="needs ../shared")
def test_on_real_articles() -> None:
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    texts = random.Random(7).sample(texts, 2000)
    total = cut = 0
    for text in texts:
        check(text)
        cleaned = clean(text)
        total += len(cleaned.repaired)
        cut += len(cleaned.repaired) - len(cleaned.text)
        assert len(cleaned.text) > 0.3 * len(cleaned.repaired), "an article is mostly article"
        assert "SCROLL TO CONTINUE" not in cleaned.text
    assert 0.01 < cut / total < 0.03
