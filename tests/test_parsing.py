from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beritaclass.preprocessing.cleaning import clean
from beritaclass.preprocessing.parsing import parse_article

PAGE = (Path(__file__).parent / "cleaning" / "page.txt").read_text(encoding="utf-8")
REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "narasikepri-interpol.txt"
BODY = "Warga desa itu menanam padi sejak awal musim hujan. Panen diperkirakan tiba pada akhir tahun, kata kepala desa."


def test_page_is_taken_apart() -> None:
    article = parse_article(PAGE)
    assert article.title == "Bea Cukai Gagalkan Penyelundupan Jam Tangan di Pelabuhan Rakyat"
    assert article.date == "2025-03-03"
    assert (article.place, article.outlet) == ("BATAM", "WARTAKITA.com")
    assert article.byline == "B.Rini"
    assert article.teasers == (
        "Dua Pemuda Berkelahi di Pasar, Seorang Luka Ringan",
        "Timnas Putri Juara Turnamen, Pelatih Puji Pertahanan",
    )
    assert article.text == (
        "Petugas menyita dua ratus jam tangan tanpa dokumen dari sebuah kapal kayu.\n"
        "Kapal itu berangkat dari pelabuhan kecil pada malam hari, kata kepala kantor setempat.\n"
        "“Kami akan memeriksa pemilik kapal,” ujarnya."
    )
    assert article.cuts == clean(PAGE).cuts


@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared")
def test_real_page() -> None:
    article = parse_article(REAL.read_text(encoding="utf-8"))
    assert article.title.startswith("INTERPOL Bongkar")
    assert article.date == "2025-08-09"
    assert (article.place, article.outlet, article.byline) == ("PAKISTAN", "NARASIKEPRI.com", "B.Rexxa")
    assert [teaser.split()[0] for teaser in article.teasers] == ["Cemburu", "Kerjasama"]
    for gone in ("Sabu-sabu", "Sagulung", "spot_img", "Wajib dibaca", "Artikel", "Advertisement", "Rexxa", "Baca"):
        assert gone not in article.text
    assert article.text.startswith("Laporan mengejutkan")
    assert article.text.endswith("lintas batas.")


@pytest.mark.parametrize(
    ("dateline", "place", "outlet"),
    [
        ("BATAM, WARTAKITA.com - ", "BATAM", "WARTAKITA.com"),
        ("WARTAKITA.COM, JAKARTA -- ", "JAKARTA", "WARTAKITA.COM"),
        ("WARTAKITA.co.id, Kota Solo – ", "Kota Solo", "WARTAKITA.co.id"),
        ("KOMPAS.com - ", "", "KOMPAS.com"),
        ("Liputan6.com, Jakarta ", "Jakarta", "Liputan6.com"),
        ("Liputan6.com, Jakarta", "Jakarta", "Liputan6.com"),
        ("Jakarta, CNBC Indonesia - ", "Jakarta", "CNBC Indonesia"),
        ("TEMPO.CO,Jakarta- ", "Jakarta", "TEMPO.CO"),
        ("Jakarta - ", "", ""),
        ("", "", ""),
    ],
)
def test_dateline(dateline: str, place: str, outlet: str) -> None:
    article = parse_article(f"Petani Mulai Menanam Padi Lagi\n\n{dateline}{BODY}")
    assert (article.place, article.outlet) == (place, outlet)
    assert article.text.endswith(BODY)
    assert (article.text == BODY) == bool(outlet or not dateline)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Saturday, August 9, 2025", "2025-08-09"),
        ("Saturday, 9 August 2025 10:15 WIB", "2025-08-09"),
        ("Sabtu, 9 Agustus 2025", "2025-08-09"),
        ("Sabtu, 09 Agu 2025 14:30 WIB", "2025-08-09"),
        ("Jum'at, 1 Mei 2020 | 07.05 WITA", "2020-05-01"),
        ("9 Aug 2025", "2025-08-09"),
        ("2025-08-09", "2025-08-09"),
        ("2025-08-09 14:30:00", "2025-08-09"),
        ("09/08/2025, 14:30 WIB", "2025-08-09"),
        ("Diperbarui: 1 Desember 2023, pukul 10:00", "2023-12-01"),
        ("Published on 3rd Oct 2021", "2021-10-03"),
        ("29 Februari 2023", ""),
        ("29 Februari 2024", "2024-02-29"),
        ("31/12/1999", "1999-12-31"),
    ],
)
def test_date_line(line: str, expected: str) -> None:
    article = parse_article(f"Petani Mulai Menanam Padi Lagi\n{line}\n{BODY}")
    assert article.date == expected
    if expected:
        assert article.text == BODY


@pytest.mark.parametrize(
    ("tail", "teasers"),
    [
        (
            "\nBaca juga:\nHarga Beras Naik Lagi\nStok Gula di Pasar Menipis",
            ("Harga Beras Naik Lagi", "Stok Gula di Pasar Menipis"),
        ),
        ("\nSimak Video 'Gudang Terbakar di Tepi Kota':\n[Gambas:Video 20detik]", ("Gudang Terbakar di Tepi Kota",)),
        (" (Baca juga: Harga Beras Naik Lagi)", ("Harga Beras Naik Lagi",)),
        ("\nGudang Terbakar di Tepi Kota Gudang Terbakar di Tepi Kota", ("Gudang Terbakar di Tepi Kota",)),
        ("\nBaca Juga", ()),
    ],
)
def test_teasers(tail: str, teasers: tuple[str, ...]) -> None:
    article = parse_article(BODY + tail)
    assert article.teasers == teasers
    assert article.text == BODY


@pytest.mark.parametrize("line", ["Saturday, August 9, 2025", "Sabtu, 9 Agustus 2025"])
def test_a_line_above_the_date_is_the_headline_however_it_is_written(line: str) -> None:
    article = parse_article(f"“Kami menanam padi lagi,” kata Rini.\n{line}\n{BODY}")
    assert (article.title, article.date, article.text) == ("“Kami menanam padi lagi,” kata Rini.", "2025-08-09", BODY)


def test_a_date_among_other_articles_at_the_foot_is_not_the_articles() -> None:
    assert parse_article(f"{BODY}\n" * 7 + "Saturday, August 9, 2025").date == ""


def test_date_inside_a_sentence_is_not_the_articles() -> None:
    assert parse_article(f"Rini lahir pada 3 Maret 1990 di Batam.\n{BODY}").date == ""


@pytest.mark.parametrize(
    ("tail", "byline"),
    [
        ("\n(B.Rini)", "B.Rini"),
        (" (fca/ita)", "fca/ita"),
        ("\nPenulis: Rini Hujan | Editor: Budi Awan", "Rini Hujan"),
        ("\n(Rini Hujan)", "Rini Hujan"),
        ("\n(*)", ""),
        ("", ""),
    ],
)
def test_byline(tail: str, byline: str) -> None:
    article = parse_article(BODY + tail)
    assert article.byline == byline
    assert article.text == BODY


@pytest.mark.parametrize(
    "raw",
    [
        BODY,
        f"{BODY}\n\n{BODY}",
        f"“Kami menanam padi lagi,” kata Rini.\n{BODY}",
        f"Rini menanam padi.\n{BODY}",
        "Hujan Turun Deras di Kota",
        "",
        " \n \n",
    ],
)
def test_page_without_headline_has_no_title(raw: str) -> None:
    assert parse_article(raw).title == ""


@pytest.mark.parametrize(
    "title",
    [
        "Petani Mulai Menanam Padi Lagi",
        "Petani mulai menanam padi lagi",
        "Kapan Petani Menanam Padi? Ini Kata Kepala Desa",
        'Rini: "Kami Menanam Padi Lagi"',
        "Setelah Banjir, Petani Menunggu...",
    ],
)
def test_headline_is_the_first_line(title: str) -> None:
    article = parse_article(f"ADVERTISEMENT\n\n{title}\n\n{BODY}\n{BODY}")
    assert article.title == title
    assert article.text == f"{BODY}\n{BODY}"


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_can_be_parsed(raw: str) -> None:
    article = parse_article(raw)
    cleaned = clean(raw)
    assert article.cuts == cleaned.cuts
    assert "".join((article.title + article.text).split()) in ("".join(cleaned.text.split()), "") or article.date
