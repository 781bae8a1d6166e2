"""The readers: every format gives the same articles, and no record is lost, however broken the dump."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import logging
import lzma
import os
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

import beritaclass as bc
from beritaclass.errors import InputError, RecordError
from beritaclass.io import Fields, records
from beritaclass.io.markup import html_to_text
from beritaclass.io.sources import FORMATS

RECORDS = [
    dict(zip(("id", "judul", "isi", "tanggal"), values, strict=True))
    for values in (
        ("a1", "Harga cabai naik", "Harga cabai di Pasar Induk naik.\nPedagang mengeluh.", "2024-03-01"),
        ("a2", 'Kata "damai" di sidang', "Hakim membaca putusan; jaksa, pembela hadir.", "2024-03-02"),
        ("a3", "Café José dibuka – ramai", "Kafe itu dibuka “meriah” di Bandung.", "2024-03-03"),
    )
]
EXPECTED = [(r["id"], r["judul"], r["isi"], r["tanggal"]) for r in RECORDS]


def as_csv(delimiter: str = ",", **options: Any) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(RECORDS[0]), delimiter=delimiter, **options)
    writer.writeheader()
    writer.writerows(RECORDS)
    return stream.getvalue()


def as_wxr(records: list[dict[str, str]] = RECORDS) -> str:
    items = "".join(
        f"<item><title><![CDATA[{r['judul']}]]></title><link>https://contoh.id/{r['id']}</link>"
        f"<content:encoded><![CDATA[<!-- wp:paragraph --><p>{r['isi']}</p>]]></content:encoded>"
        f"<wp:post_id>{r['id']}</wp:post_id><wp:post_date><![CDATA[{r['tanggal']}]]></wp:post_date>"
        "<wp:status><![CDATA[publish]]></wp:status><wp:post_type><![CDATA[post]]></wp:post_type>"
        '<category domain="category" nicename="ekonomi"><![CDATA[Ekonomi]]></category>'
        '<category domain="post_tag" nicename="cabai"><![CDATA[cabai]]></category></item>\n'
        for r in records
    )
    return f"{WXR_HEAD}{items}</channel></rss>"


WXR_HEAD = '<?xml version="1.0"?><rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Contoh</title>\n'
LINES = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS)
TEXTS: dict[str, str] = {
    "a.jsonl": LINES,
    "b.ndjson": json.dumps(RECORDS[0]) + "\r\n\n" + "\n".join(map(json.dumps, RECORDS[1:])),
    "c.json": json.dumps(RECORDS),
    "d.json": json.dumps(RECORDS, indent=4, ensure_ascii=False),
    "e.json": LINES,
    "f.json": "\n".join(json.dumps(r, indent=1) for r in RECORDS),
    "g.csv": as_csv(),
    "h.csv": as_csv(";", quoting=csv.QUOTE_ALL),
    "i.tsv": as_csv("\t"),
    "j.csv": as_csv("|"),
    "k.csv": as_csv(doublequote=False, escapechar="\\"),
    "l.csv": as_csv(quotechar="'", quoting=csv.QUOTE_ALL),
    "m.xml": as_wxr(),
}


def read(path: object, **options: Any) -> tuple[list[bc.Article], list[RecordError]]:
    rejected: list[RecordError] = []
    articles = list(bc.read_articles(str(path), on_reject=rejected.append, **options))
    return articles, rejected


def known(articles: list[bc.Article]) -> list[tuple[str, ...]]:
    return [(a.id, a.title, a.text, a.date) for a in articles]


def packings() -> dict[str, Callable[[bytes], bytes]]:
    return {
        "": bytes,
        ".gz": gzip.compress,
        ".zst": zstandard.compress,
        "two.gz": lambda data: gzip.compress(data[:99]) + gzip.compress(data[99:]) + b"\0" * 512,
        "two.zst": lambda data: zstandard.compress(data[:99]) + zstandard.compress(data[99:]),
    }


# ------------------------------------------------------------------------------------------------ what is read


@pytest.mark.parametrize("packing", packings())
@pytest.mark.parametrize("name", TEXTS)
def test_every_format_gives_the_same_articles(tmp_path: Path, name: str, packing: str) -> None:
    path = tmp_path / f"{name}{packing.removeprefix('two')}"
    path.write_bytes(packings()[packing](TEXTS[name].encode()))
    articles, rejected = read(path)
    assert (known(articles), rejected) == (EXPECTED, [])


def test_parquet_gives_the_same_articles(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(RECORDS).append_column("dibaca", pa.array([3, None, 5]))
    pq.write_table(table, tmp_path / "dump.parquet", row_group_size=2)
    articles, rejected = read(tmp_path / "dump.parquet")
    assert (known(articles), rejected) == (EXPECTED, [])
    assert [a.fields["dibaca"] for a in articles] == [3, None, 5]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["a.jsonl", "c.json", "g.csv", "m.xml"])
def test_other_encodings_are_read_and_said(
    tmp_path: Path, name: str, encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / name).write_bytes(TEXTS[name].encode(encoding))
    assert known(read(tmp_path / name)[0]) == EXPECTED
    assert ("not UTF-8" in caplog.text) == (encoding != "utf-8-sig")


@pytest.mark.parametrize("name", ["a.jsonl", "d.json", "g.csv", "m.xml"])
def test_latin_1_and_windows_1252_are_read_and_said(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / name).write_bytes(TEXTS[name].encode("cp1252"))
    assert known(read(tmp_path / name)[0]) == EXPECTED
    assert f"{tmp_path / name}: not UTF-8 from byte" in caplog.text


def test_a_dump_of_mixed_encodings_is_right_line_by_line(tmp_path: Path) -> None:
    lines = [*LINES.encode().splitlines(), json.dumps(RECORDS[2], ensure_ascii=False).encode("cp1252")]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    assert known(read(tmp_path / "a.jsonl")[0]) == [*EXPECTED, EXPECTED[2]]


def test_a_text_file_is_one_article_named_after_its_path(tmp_path: Path) -> None:
    (tmp_path / "batam" / "2024").mkdir(parents=True)
    (tmp_path / "batam" / "2024" / "rokok.txt").write_text("Bea Cukai menyita rokok tanpa cukai.")
    (article,) = bc.read_articles(tmp_path)
    assert (article.id, article.text) == ("batam/2024/rokok.txt", "Bea Cukai menyita rokok tanpa cukai.")


def test_a_page_is_read_by_trafilatura(tmp_path: Path) -> None:
    body = "".join(f"<p>Warga kampung nomor {i} bergotong royong membersihkan parit sejak pagi.</p>" for i in range(9))
    page = (
        f"<html><head><title>Kerja bakti di kampung</title></head><body><nav>Menu</nav><article>{body}</article></body>"
    )
    (tmp_path / "a.html").write_text(page)
    (tmp_path / "b.html").write_text("<html><body></body></html>")
    articles, rejected = read(tmp_path)
    assert [a.title for a in articles] == ["Kerja bakti di kampung"]
    assert "Warga kampung nomor 8" in articles[0].text
    assert [e.reason for e in rejected] == ["found no article in this page; expected the page of one article"]


def test_folders_and_globs_are_read_in_the_order_of_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("b.txt", "a.txt", "c/a.txt", "README.md", ".hidden.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [a.text for a in bc.read_articles(tmp_path)] == ["a.txt", "b.txt", "c/a.txt"]
    assert "left out 1 files: .md" in caplog.text
    assert [a.id for a in bc.read_articles(str(tmp_path / "**" / "a*.txt"))] == ["a.txt", "c/a.txt"]


@pytest.mark.parametrize("name", [*TEXTS, "plain"])
def test_standard_input_is_known_by_how_it_begins(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    content = TEXTS.get(name, "Harga beras turun.\nPedagang lega.").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(content))))
    articles, rejected = read("-")
    assert rejected == []
    if name == "plain":
        assert [(a.id, a.text) for a in articles] == [("stdin", content.decode())]
    else:
        assert known(articles) == EXPECTED


# ------------------------------------------------------------------------------------------------------ fields


def test_fields_are_found_in_both_languages_whatever_their_case() -> None:
    article = Fields().article(
        {"Judul Berita": "J", "CONTENT": "T", "Link": "U", "Sumber": "S", "Published-At": "D", "lain": 1}
    )
    assert (article.title, article.text, article.url, article.source, article.date) == ("J", "T", "U", "S", "D")
    assert article.fields == {"lain": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["Satu.", "Dua."], "Satu.\nDua."),
        ({"rendered": "<p>Satu &amp; dua</p>"}, "Satu & dua"),
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (b"Satu.", "Satu."),
    ],
)
def test_text_in_other_shapes(value: object, text: str) -> None:
    assert Fields().article({"text": value}).text == text


@pytest.mark.parametrize("value", [5, True, {"a": 1}, [1, 2]])
def test_what_is_no_text_is_an_error_that_names_the_field(value: object) -> None:
    with pytest.raises(RecordError, match="field 'isi': expected text, got"):
        Fields().article({"isi": value})


@pytest.mark.parametrize(
    ("value", "made"), [(7, "7"), (7.0, "7"), (None, "made"), ("", "made"), ({"$oid": "6f"}, "6f")]
)
def test_ids_of_other_types(value: object, made: str) -> None:
    assert Fields().article({"text": "", "id": value}, "made").id == made


def test_labels_are_read() -> None:
    assert Fields().article({"text": "", "topics": ["kriminal"], "unsure": []}).topics == ("kriminal",)
    assert Fields().article({"text": "", "topics": "kriminal; hukum"}).topics == ("kriminal", "hukum")
    assert Fields().article({"text": ""}).topics is None


def test_a_missing_text_field_says_what_is_there_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"paragraf": "Halo", "nama": "x"}\n')
    with pytest.raises(RecordError, match=r"a\.jsonl:1: no field .*'paragraf', 'nama'; name it with --text-field"):
        list(bc.read_articles(tmp_path / "a.jsonl"))
    (article,) = bc.read_articles(tmp_path / "a.jsonl", fields=Fields(text="paragraf"))
    assert (article.text, article.id) == ("Halo", "a.jsonl:1")


def test_a_field_named_in_vain_is_said(caplog: pytest.LogCaptureFixture) -> None:
    Fields(title="kepala").article({"text": "x", "judul": "y"})
    assert "no field 'kepala' for the title" in caplog.text


# ------------------------------------------------------------------------------------------------------- WordPress


def test_drafts_pages_and_attachments_are_left_out_and_categories_kept(tmp_path: Path) -> None:
    export = as_wxr() + as_wxr().replace("[publish]", "[draft]") + as_wxr().replace("[post]", "[page]")
    (tmp_path / "a.xml").write_text(export)
    articles, rejected = read(tmp_path / "a.xml")
    assert (known(articles), rejected) == (EXPECTED, [])
    assert articles[0].fields == {"categories": ["Ekonomi"], "tags": ["cabai"]}
    assert articles[0].url == "https://contoh.id/a1"


def test_entities_cannot_be_declared(tmp_path: Path) -> None:
    """Billion laughs, and a file of this machine: https://owasp.org/www-community/vulnerabilities/."""
    secret = tmp_path / "rahasia"
    secret.write_text("RAHASIA")
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 20))
    head = f'<!DOCTYPE rss [<!ENTITY l0 "ha"> {laughs} <!ENTITY xxe SYSTEM "{secret.as_uri()}">]>'
    attack = (
        as_wxr([RECORDS[0]])
        .replace("<![CDATA[a1", "")
        .replace("<channel>", "<channel><item><title>&l19;&xxe;</title></item>")
    )
    (tmp_path / "a.xml").write_text(attack.replace("<rss", f"{head}<rss"))
    articles, rejected = read(tmp_path / "a.xml")
    assert known(articles) == EXPECTED[:1]
    assert ["undefined entity" in e.reason for e in rejected] == [True]
    assert "RAHASIA" not in str(rejected[0].record)


def test_a_document_type_inside_of_an_item_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<rss><item><!DOCTYPE x [<!ENTITY e "x">]><title>&e;</title></item></rss>')
    articles, rejected = read(tmp_path / "a.xml")
    assert articles == []
    assert "not well-formed" in rejected[0].reason


def test_what_a_text_quotes_is_not_taken_for_the_state_of_its_item(tmp_path: Path) -> None:
    quoted = "<wp:status>{}</wp:status><wp:post_type>page</wp:post_type></item>"
    export = as_wxr().replace("naik.", f"naik. {quoted.format('draft')}")
    export += as_wxr().replace("naik.", f"naik. {quoted.format('publish')}").replace("[publish]", "[draft]")
    (tmp_path / "a.xml").write_text(export)
    articles, rejected = read(tmp_path / "a.xml")
    assert ([a.id for a in articles], rejected) == (["a1", "a2", "a3"], [])


def test_a_broken_item_harms_no_other(tmp_path: Path) -> None:
    broken = as_wxr().replace("</title><link>https://contoh.id/a2", "<link>https://contoh.id/a2")
    (tmp_path / "a.xml").write_text(broken.replace("Pedagang", "Peda\x0bgang"))
    articles, rejected = read(tmp_path / "a.xml")
    assert [a.id for a in articles] == ["a1", "a3"]
    assert "Pedagang" in articles[0].text
    assert rejected[0].position == 2
    assert "Hakim membaca" in rejected[0].record


def test_html_becomes_lines_of_text() -> None:
    html = (
        '[caption id="1"]<img src="x">foto[/caption]<p>Satu&nbsp;dua<br/>tiga</p><script>x()</script><p>1 < 2 [sic]</p>'
    )
    assert html_to_text(html) == "foto\nSatu dua\ntiga\n1 < 2 [sic]"


# ----------------------------------------------------------------------------------------------------- broken dumps


def test_bad_lines_become_rejects_with_the_record_as_it_was(tmp_path: Path) -> None:
    lines = [json.dumps(RECORDS[0]), "{rusak", "[1, 2]", '{"nama": 1}', "\x00", json.dumps(RECORDS[1])]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    articles, rejected = read(tmp_path / "a.jsonl")
    assert known(articles) == EXPECTED[:2]
    assert [(e.position, e.record) for e in rejected] == [(i + 1, lines[i]) for i in (1, 2, 3, 4)]
    assert {e.source for e in rejected} == {str(tmp_path / "a.jsonl")}


def test_the_first_bad_record_is_raised_without_on_reject(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(LINES + "{rusak")
    with pytest.raises(RecordError, match=r"a\.jsonl:4: no JSON"):
        list(bc.read_articles(tmp_path / "a.jsonl"))


def test_json_that_python_writes_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": NaN, "isi": "separuh \\ud83d"}\n')
    (article,) = bc.read_articles(tmp_path / "a.jsonl")
    assert (article.id, article.text) == ("a.jsonl:1", "separuh \ud83d")


@pytest.mark.parametrize("indent", [None, 2])
def test_a_broken_element_of_an_array_harms_no_other(tmp_path: Path, indent: int | None) -> None:
    whole = json.dumps(RECORDS, indent=indent)
    (tmp_path / "a.json").write_text(whole.replace('"a2",', '"a2"'))
    articles, rejected = read(tmp_path / "a.json")
    assert [a.id for a in articles] == ["a1", "a3"]
    assert [e.position for e in rejected] == [2]
    assert "Hakim membaca" in rejected[0].record


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("name", ["a.jsonl", "c.json", "g.csv", "m.xml"])
def test_a_file_cut_off_in_the_middle_gives_what_is_whole_and_says_so(tmp_path: Path, name: str, packing: str) -> None:
    n = 3000
    many = [{**r, "id": f"{i}", "isi": os.urandom(40).hex()} for i in range(n // 3) for r in RECORDS]
    written = {
        "a.jsonl": "\n".join(map(json.dumps, many)),
        "c.json": json.dumps(many),
        "g.csv": "\n".join(["id,judul,isi,tanggal", *(f"{r['id']},j,{r['isi']},t" for r in many)]),
        "m.xml": as_wxr(many),
    }[name]
    packed = packings()[packing](written.encode())
    (tmp_path / (name + packing)).write_bytes(packed[: len(packed) // 2])
    articles, rejected = read(tmp_path / (name + packing))
    assert n // (6 if packing == ".zst" else 3) < len(articles) < n * 2 // 3  # zstd packs blocks of 128 KiB
    assert [(a.id, a.text) for a in articles] == [(r["id"], r["isi"]) for r in many[: len(articles)]]
    assert len(rejected) == 1
    if packing:
        assert f"the file cannot be read on after {len(articles) + (name == 'g.csv')}:" in rejected[0].reason


def test_gzip_with_a_wrong_checksum_loses_nothing(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(LINES.encode()))
    packed[-6] ^= 255
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    articles, rejected = read(tmp_path / "a.jsonl.gz")
    assert known(articles) == EXPECTED
    assert "incorrect data check" in rejected[0].reason


@pytest.mark.parametrize(
    "content",
    [
        "id,isi\r1,Satu; dua\r",
        "id^isi\n1^Satu; dua\n",
        "id:isi\n1:Satu; dua\n",
        "id\x1fisi\n1\x1fSatu; dua\n",
        'id, "isi"\n1, "Satu; dua"\n',
        'sep=,\r\n"id","isi"\r\n"1","Satu; dua"\r\n',
        "id,isi,isi\n1,Satu; dua,lain\n",
    ],
)
def test_csv_as_other_programs_write_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.csv").write_bytes(content.encode())
    articles, rejected = read(tmp_path / "a.csv")
    assert [(a.id, a.text) for a in articles] == [("1", "Satu; dua")]
    assert rejected == []


def test_a_csv_row_with_a_wrong_number_of_columns_is_rejected(tmp_path: Path) -> None:
    rows = ["id,isi,tanggal", "1,Satu,x", "2,Dua", '3,"Tiga, tiga",y,z', "", "4,Empat,x"]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    articles, rejected = read(tmp_path / "a.csv")
    assert [a.id for a in articles] == ["1", "4"]
    assert [(e.position, e.record) for e in rejected] == [(3, "2,Dua\n"), (4, '3,"Tiga, tiga",y,z\n')]
    assert rejected[0].reason == "2 columns, but the header has 3: id, isi, tanggal"


def test_an_open_quote_swallows_no_other_row(tmp_path: Path) -> None:
    rows = ["id,isi,tanggal", '1,"Satu tanpa akhir,x', "2,Dua,x", '3,"Tiga,\ntiga",x', "4,Empat,x"]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    articles, rejected = read(tmp_path / "a.csv")
    assert [(a.id, a.text) for a in articles] == [("2", "Dua"), ("3", "Tiga,\ntiga"), ("4", "Empat")]
    assert [e.record for e in rejected] == [rows[1] + "\n"]


def test_a_quote_within_quotes_that_is_not_doubled_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,isi\n1,"Kata "damai", katanya"\n2,"Dua ""kali"""\n')
    articles, rejected = read(tmp_path / "a.csv")
    assert [a.id for a in articles] == ["2"]
    assert [e.record for e in rejected] == ['1,"Kata "damai", katanya"\n']
    (tmp_path / "a.csv").write_text('id,isi\n1,"Kata "damai" katanya"\n')
    assert "damai" in read(tmp_path / "a.csv")[0][0].text


def test_an_unreadable_file_among_good_ones_is_one_reject(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(LINES)
    (tmp_path / "b.parquet").write_bytes(b"PAR1 bukan parquet")
    (tmp_path / "c.jsonl.gz").write_bytes(b"\x1f\x8b rusak")
    (tmp_path / "d.jsonl").symlink_to(tmp_path / "tiada.jsonl")
    (tmp_path / "e.xml").write_text("<sitemap/>")
    (tmp_path / "f.jsonl").write_text(LINES)
    rejected: list[RecordError] = []
    for inputs in (tmp_path, str(tmp_path / "*")):
        rejected.clear()
        articles = list(bc.read_articles(inputs, on_reject=rejected.append))
        assert known(articles) == EXPECTED * 2
        assert [Path(e.source).name for e in rejected] == ["b.parquet", "c.jsonl.gz", "d.jsonl", "e.xml"]


def others() -> dict[str, bytes]:
    """Files of formats that are not read, or not under any name."""
    archive, parquet = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("a.jsonl", LINES)
    pq.write_table(pa.Table.from_pylist(RECORDS), parquet)
    return {
        "Parquet": parquet.getvalue(),
        "zip": archive.getvalue(),
        "bzip2": bz2.compress(LINES.encode()),
        "xz": lzma.compress(LINES.encode()),
        "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
        "gzip": gzip.compress(gzip.compress(LINES.encode())),
        "zstd": gzip.compress(zstandard.compress(LINES.encode())),
    }


@pytest.mark.parametrize("suffix", ["", ".jsonl", ".json", ".csv", ".txt", ".xml", ".html", ".csv.gz"])
@pytest.mark.parametrize("kind", others())
def test_what_is_no_text_is_never_taken_for_an_article(tmp_path: Path, kind: str, suffix: str) -> None:
    (tmp_path / f"dump{suffix}").write_bytes(others()[kind])
    articles, (reject,) = read(tmp_path / f"dump{suffix}")
    assert articles == []
    todo = "rename or unpack it first" if kind == "Parquet" else "unpack or convert it first"
    assert re.fullmatch(rf"the file cannot be read: it is {kind}\b.*{todo}", reject.reason)


def test_bytes_that_are_none_of_these_are_no_article_either(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(b"\x89HDF\r\n\x1a\n\0\0")
    articles, (reject,) = read(tmp_path / "dump")
    assert articles == []
    assert "it is no text; expected .jsonl" in reject.reason


def test_a_text_that_begins_like_another_format_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("PAR1,isi\nx,Harga naik.\n")
    (tmp_path / "b.txt").write_text("PK 3 Jakarta dibuka.")
    assert [a.text for a in read(tmp_path)[0]] == ["Harga naik.", "PK 3 Jakarta dibuka."]


@pytest.mark.skipif(os.name != "posix", reason="needs the permissions of POSIX")
def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jsonl").write_text(LINES)
    (tmp_path / "tertutup").mkdir()
    scandir = os.scandir

    def denied(path: Any) -> Any:  # root may read everything, so that taking away a permission shows nothing
        if str(path).endswith("tertutup"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(InputError, match=r"cannot read the folder .*tertutup: Permission denied"):
        read(tmp_path)


def test_a_file_that_cannot_be_opened_is_one_reject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(LINES)
    open_ = Path.open

    def denied(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "a.jsonl":
            raise PermissionError(13, "Permission denied")
        return open_(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", denied)
    articles, rejected = read(tmp_path)
    assert known(articles) == EXPECTED
    assert [e.reason for e in rejected] == ["the file cannot be read: Permission denied"]


@pytest.mark.parametrize("given", ["tiada.jsonl", "tiada/*.jsonl", "kosong"])
def test_an_input_that_is_not_there_is_an_error_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kosong").mkdir()
    with pytest.raises(InputError, match=given.replace("*", r"\*")):
        list(bc.read_articles(given))


def test_a_damaged_row_group_loses_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [{"id": str(i), "isi": os.urandom(500).hex()} for i in range(90)]
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=30, compression="snappy", use_dictionary=False)
    column = pq.read_metadata(path).row_group(1).column(1)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset : column.data_page_offset + column.total_compressed_size] = (
        b"\xff" * column.total_compressed_size
    )
    path.write_bytes(content)
    articles, rejected = read(path)
    assert [a.id for a in articles] == [str(i) for i in (*range(30), *range(60, 90))]
    assert [e.reason.partition(" cannot")[0] for e in rejected] == ["rows 31 to 60"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.xml", "a.txt"])
def test_a_record_of_50_megabytes_is_read(tmp_path: Path, name: str) -> None:
    long = {"id": "2", "judul": "j", "isi": "kata " * 10_000_000 + ".", "tanggal": ""}
    many = [RECORDS[0], long, RECORDS[1]]
    content = {
        "a.jsonl": "\n".join(map(json.dumps, many)),
        "a.json": json.dumps(many),
        "a.csv": "id,judul,isi,tanggal\n" + "\n".join(f'{r["id"]},j,"{r["isi"]}",' for r in many),
        "a.xml": as_wxr(many),
        "a.txt": long["isi"],
    }[name]
    (tmp_path / name).write_text(content)
    articles, rejected = read(tmp_path / name)
    assert rejected == []
    assert max(len(a.text) for a in articles) >= 49_999_999
    assert len(articles) == (1 if name == "a.txt" else 3)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.xml"])
def test_a_record_longer_than_any_article_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(records, "LONGEST_RECORD", 200_000)
    long = {**RECORDS[1], "isi": "kata " * 200_000}
    many = [RECORDS[0], long, RECORDS[2]]
    content = {
        "a.jsonl": "\n".join(map(json.dumps, many)),
        "a.csv": "id,isi\n" + "\n".join(f"{r['id']},{r['isi'].partition(chr(10))[0]}" for r in many),
        "a.xml": as_wxr(many),
    }[name]
    (tmp_path / name).write_text(content)
    articles, rejected = read(tmp_path / name)
    assert len(articles) + len(rejected) == 3
    assert [a.id for a in articles] == ["a1", "a3"]


# ------------------------------------------------------------------------------------------------------------ fuzzing

FRAGMENTS = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"'",
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r\n",
        b":",
        b"\\",
        b"\x00",
        b"\xff",
        b"\xc3\xa9",
    ),
    *(
        b"id",
        b'{"isi": "Harga naik."}',
        b'"isi": ',
        b"id,isi\n",
        b"1,Satu\n",
        b'"a""b"',
        b"null",
        b"1e999",
        b"NaN",
        b"\xe9",
    ),
    *(b"<item>", b"</item>", b"<title>", b"</title>", b"<![CDATA[", b"]]>", b"&amp;", b"&x;", b"<!--", b"<wp:status>"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"kata " * 50, b"\\ud83d", b"<p>"),
]
fragments = st.sampled_from(FRAGMENTS)
soup = st.lists(fragments | st.binary(max_size=8), max_size=40).map(b"".join)


def lands_somewhere(path: Path) -> tuple[int, int]:
    """Read a dump; anything else than articles and rejects is a failure of the test."""
    articles, rejected = read(path)
    for error in rejected:
        assert error.reason
        assert error.source == str(path)
    return len(articles), len(rejected)


@pytest.mark.parametrize("suffix", sorted(FORMATS))
@given(content=soup, packing=st.sampled_from(["", ".gz", ".zst"]), cut=st.floats(0.2, 1))
def test_no_content_brings_a_reader_down(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, content: bytes, packing: str, cut: float
) -> None:
    path = tmp_path_factory.getbasetemp() / f"fuzz{suffix}{packing}"
    packed = packings()[packing](content)
    path.write_bytes(packed[: int(len(packed) * cut)])
    lands_somewhere(path)


@given(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=20))
def test_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_bytes(b"\n".join([b'{"isi": "x"}', *lines]))
    assert sum(lands_somewhere(path)) == 1 + sum(bool(_utf8(line).strip()) for line in lines)


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".tsv", ".xml", ".txt"])
@given(
    parts=st.lists(st.sampled_from(FRAGMENTS[:-8]) | st.text(max_size=8).map(str.encode), max_size=30),
    begun=st.booleans(),
)
def test_whatever_the_content_every_word_of_it_comes_back(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, parts: list[bytes], begun: bool
) -> None:
    """Words strewn over a broken dump are in an article or in a reject; only heads and what lies between do not count."""
    path = tmp_path_factory.getbasetemp() / f"words{suffix}"
    begin = {".csv": b"id,isi\n", ".tsv": b"id\tisi\n", ".xml": b"<item>", ".json": b"[" if begun else b""}.get(
        suffix, b""
    )
    if suffix == ".xml":
        parts = [part.replace(b"</item>", b"</item><item>") for part in parts]
    words = [f"kata{i}x".encode() for i in range(len(parts))]
    path.write_bytes(begin + b"".join(part + word for part, word in zip(parts, words, strict=True)))
    articles, rejected = read(path)
    back = repr([(a.id, a.title, a.text, a.date, a.source, a.url, a.topics, a.unsure, a.fields) for a in articles])
    back += repr([error.record for error in rejected])
    assert [word for word in words if word.decode() not in back] == []


def _utf8(line: bytes) -> bytes:
    return line.decode("utf-8", "beritaclass.windows-1252").encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(
            (f"{unit[:8]}.jsonl", json.dumps({"content": {"rendered": unit * 200_000}}))
            for unit in ("<!--", "<script ", "<figure>", "<", "</", "[caption ", "<p ", "&")
        ),
        ("open.xml", "<item>" * 200_000),
        ("quoted.xml", f"<item><content:encoded><![CDATA[{'</item>' * 200_000}]]></content:encoded></item>"),
        ("brackets.json", "[" * 300_000),
        ("open.json", '[{"isi": "' * 50_000),
        ("gap.json", '[{"isi" "x"}' + " " * 50_000 + "x"),
        ("quotes.csv", "id,isi\n" + '1,"x\n' * 20_000),
    ],
)
def test_no_content_takes_for_ever(tmp_path: Path, name: str, content: str) -> None:
    """Each of these would take hours if the time grew with the square of the length."""
    path = tmp_path / name.replace("<", "").replace("/", "").replace("[", "")
    path.write_text(content)
    lands_somewhere(path)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=5,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(["id", "isi", "judul", "tanggal", "x"]), values, max_size=5), max_size=8)
)
def test_every_record_of_any_shape_lands_somewhere(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]
) -> None:
    counts = []
    for name, content in {
        "shapes.jsonl": "\n".join(map(json.dumps, records)),
        "shapes.json": json.dumps(records, indent=1),
        "flat.json": json.dumps(records),
    }.items():
        path = tmp_path_factory.getbasetemp() / name
        path.write_text(content)
        counts.append(lands_somewhere(path))
    assert counts == [counts[0]] * 3
    assert sum(counts[0]) == len(records)


@given(
    st.lists(st.tuples(st.text(), st.text(min_size=1)), max_size=8),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_csv_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str, quoting: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "rows.csv"
    rows = [(_writable(title), _writable(text)) for title, text in rows]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=quoting)
        writer.writerows([("judul", "isi"), *rows])
    articles, rejected = read(path)
    assert ([(a.title, a.text) for a in articles], rejected) == (rows, [])


def _writable(text: str) -> str:
    """Leave out what a backslash might mean and what csv itself changes: bare carriage returns and surrogates."""
    return text.encode("utf-8", "ignore").decode().replace("\r", "").replace("\\", "").replace("\0", "") or "x"


def test_logging_is_quiet_for_a_clean_dump(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.jsonl").write_text(LINES)
    with caplog.at_level(logging.DEBUG):
        read(tmp_path / "a.jsonl")
    assert caplog.text == ""
