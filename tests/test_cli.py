"""The command line: its words, its output and its exit codes, run as a user runs it."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, SHARED, needs_shared

COMMAND = str(Path(sys.executable).with_name("beritaclass"))
EXAMPLES = ROOT / "data" / "examples.jsonl"
CRIME = "Polisi menangkap tiga tersangka pencurian sepeda motor di Bekasi. Korban dianiaya dengan senjata tajam."


def run(*args: object, stdin: str | bytes = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [COMMAND, *map(str, args)],
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    result = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result


def records(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


# -------------------------------------------------------------------- tag


def test_tag_writes_jsonl_to_a_pipe() -> None:
    (record,) = records(run("tag", "-", stdin=json.dumps({"id": "7", "isi": CRIME})).stdout)
    assert record["id"] == "7"
    assert record["tags"][0]["topic"] == "kriminal"
    assert list(record["tags"][0]) == ["topic", "probability"]
    assert set(record) == {"id", "tags"}


def test_tags_are_most_probable_first_and_scores_hold_every_topic() -> None:
    for record in records(run("tag", EXAMPLES, "--scores").stdout):
        probabilities = [tag["probability"] for tag in record["tags"]]
        assert probabilities == sorted(probabilities, reverse=True)
        assert len(record["scores"]) == 42


def test_tag_takes_gzip_text_and_standard_input_alike(tmp_path: Path) -> None:
    packed = tmp_path / "dump.jsonl.gz"
    packed.write_bytes(gzip.compress(EXAMPLES.read_bytes()))
    plain = run("tag", EXAMPLES).stdout
    assert run("tag", packed).stdout == plain
    assert run("tag", "-", stdin=EXAMPLES.read_bytes()).stdout == plain
    text = tmp_path / "berita.txt"
    text.write_text(CRIME)
    assert records(run("tag", text).stdout)[0]["tags"][0]["topic"] == "kriminal"


def test_tag_writes_files_and_says_what_it_did(tmp_path: Path) -> None:
    done = run("tag", EXAMPLES, "-o", tmp_path / "out.jsonl")
    assert done.stdout == ""
    assert (tmp_path / "out.jsonl").read_text() == run("tag", EXAMPLES).stdout
    assert str(len(EXAMPLES.read_text().splitlines())) in done.stderr


def test_a_bad_record_is_rejected_and_the_run_goes_on(tmp_path: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    dump.write_text(
        json.dumps({"id": "1", "text": CRIME}) + "\n{broken\n" + json.dumps({"id": "3", "text": CRIME}) + "\n"
    )
    done = run("tag", dump, "-o", tmp_path / "out.jsonl", "--rejects", tmp_path / "rejects.jsonl", code=3)
    assert [r["id"] for r in records((tmp_path / "out.jsonl").read_text())] == ["1", "3"]
    (reject,) = records((tmp_path / "rejects.jsonl").read_text())
    assert "{broken" in json.dumps(reject)
    assert "dump.jsonl" in json.dumps(reject)
    assert "1" in done.stderr


def test_fields_can_be_named() -> None:
    (record,) = records(run("tag", "-", "--text-field", "paragraf", stdin=json.dumps({"paragraf": CRIME})).stdout)
    assert record["tags"][0]["topic"] == "kriminal"


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("tag", "nowhere.jsonl"), 1, "nowhere.jsonl"),
        (("tag",), 2, "Missing argument"),
        (("tga", "x"), 2, "No such command"),
        (("tag", EXAMPLES, "--model", "nowhere"), 1, "nowhere is no model"),
        (("explain", EXAMPLES, "--topic", "kriminel"), 1, "did you mean 'kriminal'"),
        (("explain", EXAMPLES, "-n", "9999"), 1, "there is no article number 9999"),
        (("evaluate", "nowhere.jsonl"), 1, "nowhere.jsonl"),
    ],
)
def test_errors_are_one_line_with_the_right_code(args: tuple[object, ...], code: int, message: str) -> None:
    done = run(*args, code=code)
    assert message in done.stderr
    if code == 1:
        assert done.stderr.startswith("error: ")
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("stdin", ["", "\n\n", " "])
def test_no_articles_give_no_output(stdin: str) -> None:
    assert run("tag", "-", stdin=stdin).stdout == ""


def test_a_closed_pipe_ends_quietly() -> None:
    process = subprocess.Popen([COMMAND, "tag", str(EXAMPLES)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait(timeout=60)


# -------------------------------------------------------------------- explain, clean, stem, topics, model


def test_explain_adds_up() -> None:
    for record in records(run("explain", "-", stdin=json.dumps({"text": CRIME})).stdout):
        total = sum(c["value"] for c in record["contributions"]) + record["intercept"]
        assert total == pytest.approx(record["decision"], abs=1e-4)


def test_explain_writes_one_self_contained_page(tmp_path: Path) -> None:
    page = tmp_path / "why.html"
    text = f"{CRIME} <script>alert(1)</script>\n\nBaca juga: Timnas Menang Telak\n"
    run("explain", "-", "--html", page, stdin=json.dumps({"judul": "Maling & penadah < 5 jam", "text": text}))
    html = page.read_text()
    assert "<script" not in html
    assert "Maling &amp; penadah &lt; 5 jam" in html
    assert "http" not in html.replace("http-equiv", "")
    assert re.search(r"<del[^>]*>[^<]*Timnas Menang Telak\s*</del>", html)


def test_clean_shows_what_is_left_and_what_was_cut() -> None:
    article = json.dumps({"id": "1", "text": f"{CRIME}\n\nBaca juga: Timnas Menang Telak\n"})
    assert run("clean", "-", stdin=article).stdout.strip() == CRIME
    (record,) = records(run("clean", "-", "--json", stdin=article).stdout)
    assert record["text"].strip() == CRIME
    assert any("Timnas Menang Telak" in cut["text"] for cut in record["cuts"])


def test_stem() -> None:
    assert run("stem", "perampokan", "Perbankan").stdout == "perampokan\trampok\nperbankan\tbank\n"


def test_topics_and_model() -> None:
    assert {r["slug"] for r in records(run("topics", "--json").stdout)} >= {"bea-cukai", "perlindungan-anak"}
    assert "bea-cukai" in run("topics").stdout
    assert run("model").stdout.startswith("# ")
    assert json.loads(run("model", "--json").stdout)["format"] == "beritaclass-model"


# -------------------------------------------------------------------- train, evaluate


def test_train_and_evaluate(tmp_path: Path) -> None:
    labelled = tmp_path / "labelled.jsonl"
    rows = [{"text": f"Pendaftaran PPDB zonasi {i}", "topics": ["ppdb"]} for i in range(9)]
    rows += [{"text": f"Harga beras naik {i} persen", "topics": ["pangan"]} for i in range(9)]
    labelled.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("train", labelled, "-o", tmp_path / "model")
    figures = json.loads(run("evaluate", labelled, "--model", tmp_path / "model", "--json").stdout)
    assert figures["micro_f1"] == 1.0
    assert figures["n_articles"] == 18
    table = run("evaluate", labelled, "--model", tmp_path / "model").stdout
    assert "macro-F1 1.000" in table
    assert "ppdb" in table


def test_train_refuses_topics_that_the_taxonomy_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "topics.toml").write_text("[ppdb]\nname = 'PPDB'\n")
    (tmp_path / "labelled.jsonl").write_text(json.dumps({"text": "x", "topics": ["pppdb"]}) + "\n")
    done = run(
        "train", tmp_path / "labelled.jsonl", "-o", tmp_path / "m", "--taxonomy", tmp_path / "topics.toml", code=1
    )
    assert "did you mean 'ppdb'" in done.stderr


def test_evaluate_joins_labels_and_articles(tmp_path: Path) -> None:
    gold, articles = tmp_path / "gold.jsonl", tmp_path / "articles.jsonl"
    gold.write_text(json.dumps({"id": "1", "topics": ["kriminal"], "unsure": ["hukum"]}) + "\n")
    articles.write_text(json.dumps({"id": "1", "text": CRIME}) + "\n" + json.dumps({"id": "2", "text": "x"}) + "\n")
    assert json.loads(run("evaluate", gold, "--articles", articles, "--json").stdout)["n_articles"] == 1
    gold.write_text(json.dumps({"id": "9", "topics": ["kriminal"]}) + "\n")
    assert "1 labelled articles are not in" in run("evaluate", gold, "--articles", articles, code=1).stderr


# -------------------------------------------------------------------- a terminal


def test_a_terminal_gets_a_table() -> None:
    pexpect = pytest.importorskip("pexpect")
    child = pexpect.spawn(COMMAND, ["tag", str(EXAMPLES)], encoding="utf-8", dimensions=(60, 140), env=os.environ)
    output = child.read()
    child.close()
    assert child.exitstatus == 0
    assert "topik" in output
    assert "{" not in output


# -------------------------------------------------------------------- the measure of it all


@needs_shared
@pytest.mark.slow
def test_the_shipped_model_reaches_its_mark_on_articles_it_has_not_seen() -> None:
    done = run(
        *("evaluate", SHARED / "gold" / "dev.jsonl"),
        *("--articles", SHARED / "corpus" / "articles.jsonl.gz", "--json"),
    )
    figures = json.loads(done.stdout)
    print(f"\nmacro-F1 {figures['macro_f1']:.3f}, micro-F1 {figures['micro_f1']:.3f}")
    assert figures["macro_f1"] >= 0.84
    assert figures["micro_f1"] >= 0.85
