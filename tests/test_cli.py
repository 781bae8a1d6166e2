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
from click.testing import CliRunner

import beritaclass as bc
from beritaclass.cli import main
from beritaclass.report.explanation import shares
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
    assert done.stderr.endswith(
        f"more topics; to see all: beritaclass report {tmp_path / 'out.jsonl'} -o report.html\n"
    )


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


@pytest.mark.parametrize("command", ["tag", "evaluate", "train"])
def test_a_closed_pipe_ends_quietly(tmp_path: Path, command: str) -> None:
    output = ["-o", str(tmp_path / "model")] if command == "train" else []
    process = subprocess.Popen(
        [COMMAND, command, str(EXAMPLES), *output], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert not [line for line in process.stderr.read().splitlines() if not line.startswith(b"warning: ")]
    assert process.wait(timeout=60) == 1


# -------------------------------------------------------------------- bad input

BAD: dict[str, tuple[bytes, str]] = {
    "cut.jsonl": (b'{"text": "Polisi', "cut.jsonl:1: no JSON"),
    "null.jsonl": (b"null\n", "null.jsonl:1: expected an object of fields, got NoneType None"),
    "list.jsonl": (b'["Polisi"]\n', "list.jsonl:1: expected an object of fields, got list"),
    "fields.jsonl": (b'{"id": "1", "foo": "bar"}\n', "fields.jsonl:1: no field for the text; there are 'id', 'foo'"),
    "number.jsonl": (b'{"text": 5}\n', "number.jsonl:1: field 'text': expected text, got int 5"),
    "deep.jsonl": (b'{"text": ' + b"[" * 100_000, "deep.jsonl:1: no JSON"),
    "cut.jsonl.gz": (
        gzip.compress(json.dumps({"text": CRIME}).encode() * 999)[:80],
        "cut.jsonl.gz: the file cannot be",
    ),
}


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    for name, (content, _) in BAD.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def invoke(*args: object) -> tuple[int, str, str]:
    """Run a command in this process: exit code, standard output, standard error."""
    result = CliRunner().invoke(main, [*map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_said_with_its_place(bad: Path, name: str) -> None:
    message = BAD[name][1]
    for command in ("explain", "evaluate"):
        code, output, error = invoke(command, bad / name)
        assert (code, output) == (1, "")
        assert error.startswith("error: ")
        assert message in error
        assert error.count("\n") == 1
    code, output, error = invoke("evaluate", bad / name, "--articles", EXAMPLES)
    assert code == 1
    assert name in error
    code, output, error = invoke("clean", bad / name)
    assert (code, output) == (3, "")
    assert error.startswith("rejected: ")
    assert message in error


def test_clean_goes_on_after_a_bad_record(tmp_path: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    dump.write_text(f"{json.dumps({'text': CRIME})}\n{{broken\n{json.dumps({'id': '3', 'text': CRIME})}\n")
    code, output, error = invoke("clean", dump, "--json")
    assert code == 3
    assert [record["text"] for record in records(output)] == [CRIME, CRIME]
    assert "dump.jsonl:2: no JSON" in error


@pytest.mark.parametrize("command", ["explain", "clean", "evaluate"])
@pytest.mark.parametrize(
    ("name", "message"), [("nowhere.jsonl", "no such file or folder"), ("empty", "holds no file to read")]
)
def test_files_and_folders_that_are_not_there(tmp_path: Path, command: str, name: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    code, output, error = invoke(command, tmp_path / name)
    assert (code, output) == (1, "")
    assert message in error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no word in this article that the model knows"),
        (" \n\t\n", "no word in this article that the model knows"),
        ("The quick brown fox jumps over the lazy dog.", "no topic is said of this article; the nearest is"),
    ],
)
def test_explaining_what_has_no_topic(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    code, output, error = invoke("explain", tmp_path / "a.txt")
    assert (code, output) == (1, "")
    assert message in error


@pytest.mark.parametrize(
    "record",
    [
        '{"id": "a\\ud800", "text": "Polisi \\ud83d menangkap pencuri motor \\udc00"}',
        '{"id": 1, "text": "\\u0000Polisi\\u0000 menangkap pencuri motor"}',
        '\ufeff{"id": "1", "text": "Polisi menangkap pencuri motor"}',
        json.dumps({"text": "Polisi menangkap pencuri sepeda motor. " * 130_000}),  # 5 MB on one line
    ],
    ids=["surrogates", "nul", "bom", "5 MB"],
)
def test_odd_characters_and_sizes_are_taken(tmp_path: Path, record: str) -> None:
    (tmp_path / "a.jsonl").write_text(record, encoding="utf-8")
    for command in (("explain", "--topic", "kriminal"), ("clean", "--json")):
        code, output, _ = invoke(*command, tmp_path / "a.jsonl")
        assert code == 0
        assert len(records(output)) == 1


@pytest.mark.parametrize("topics", [None, 5, {"kriminal": 1}, [1]])
def test_labels_of_wrong_types_are_said(tmp_path: Path, topics: object) -> None:
    gold, articles = tmp_path / "gold.jsonl", tmp_path / "articles.jsonl"
    gold.write_text(json.dumps({"id": "1", "topics": topics}))
    articles.write_text(json.dumps({"id": "1", "text": CRIME}))
    code, _, error = invoke("evaluate", gold, "--articles", articles)
    assert code == 1
    assert "gold.jsonl:1: a label needs an id and 'topics', a list of slugs; there are 'id', 'topics'" in error


def test_a_label_of_a_topic_that_the_model_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_text(json.dumps({"id": "1", "text": CRIME, "topics": ["kriminel"]}))
    code, _, error = invoke("evaluate", tmp_path / "gold.jsonl")
    assert code == 1
    assert "no topic 'kriminel'; did you mean 'kriminal'?" in error


@pytest.mark.parametrize("command", [("model",), ("topics", "--model"), ("tag", EXAMPLES, "--model")])
def test_what_is_no_model_is_said(bad: Path, command: tuple[object, ...]) -> None:
    for path in (bad, bad / "nowhere", bad / "cut.jsonl"):
        code, output, error = invoke(*command, path)
        assert (code, output) == (1, "")
        assert "is no model: it has no manifest.json" in error


@pytest.mark.parametrize("page", ["nowhere/why.html", "."])
def test_a_page_that_cannot_be_written(tmp_path: Path, page: str) -> None:
    code, _, error = invoke("explain", EXAMPLES, "--html", tmp_path / page)
    assert code == 1
    assert error.startswith(f"error: {tmp_path / page}: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([COMMAND, "topics"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr == b"error: [Errno 28] No space left on device\n"


def test_closed_streams_are_done_without() -> None:
    for command in (f"clean {EXAMPLES} >&-", "clean - <&-", "stem rumah 2>&-"):
        done = subprocess.run(["bash", "-c", f"{COMMAND} {command}"], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


def test_output_is_utf_8_whatever_the_terminal_speaks(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("“Café” 😀", encoding="utf-8")
    done = subprocess.run(
        [COMMAND, "clean", str(tmp_path / "a.txt")],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.stdout.decode().strip() == "“Café” 😀"


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


def test_a_topic_whose_keywords_stand_nowhere_is_not_said_to_be_learned(tmp_path: Path) -> None:
    (tmp_path / "topics.toml").write_text(
        "[antah]\nkeywords = ['antah-berantah']\n[aparat]\nkeywords = ['polisi', 'tersangka', 'menangkap']\n"
    )
    code, _, error = invoke(
        *("train", "--unlabelled", EXAMPLES, "--taxonomy", tmp_path / "topics.toml", "-o", tmp_path / "model")
    )
    assert code == 0
    assert "warning: topic 'antah': the keywords make examples of 0 articles" in error
    assert "warning: antah: in no article stands antah-berantah" in error
    assert "learned 1 of 2 topics from keywords in 102 articles" in error


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


def explain_on_a_terminal(article: Path, columns: int) -> str:
    pexpect = pytest.importorskip("pexpect")
    child = pexpect.spawn(
        COMMAND,
        ["explain", str(article), "--topic", "kriminal"],
        encoding="utf-8",
        dimensions=(60, columns),
        env=os.environ | {"COLUMNS": str(columns)},
    )
    output = child.read()
    child.close()
    assert child.exitstatus == 0
    return re.sub(r"\x1b\[[\d;]*m", "", output)


def test_explain_on_a_terminal_adds_up_the_fields_of_a_term(tmp_path: Path) -> None:
    article = {"title": "Polisi Tangkap Pencuri Motor", "text": f"{CRIME} Pencuri motor itu mengaku [sic] bersalah."}
    (tmp_path / "a.jsonl").write_text(json.dumps(article))
    output = explain_on_a_terminal(tmp_path / "a.jsonl", 140)
    assert len(re.findall(r"^curi {2,}", output, re.M)) == 1
    (row,) = re.findall(r"^curi {2,}([a-z, ]+?)  +([a-z, ]+?) +\+\d\.\d{3} ", output, re.M)
    assert set(row[0].split(", ")) == {"pencurian", "pencuri"}
    assert set(row[1].split(", ")) == {"title", "lead", "text"}


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_bars_fit_the_terminal_and_keep_their_proportions(tmp_path: Path, columns: int) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"title": "Polisi Tangkap Pencuri Sepeda Motor", "text": CRIME}))
    output = explain_on_a_terminal(tmp_path / "a.jsonl", columns)
    bars = re.findall(r"([+-]\d\.\d{3})  (█*)(\S?)", output)
    values = [abs(float(value)) for value, *_ in bars]
    lengths = [len(whole) for _, whole, _ in bars]
    assert "…" not in {end for *_, end in bars}
    assert max(map(len, output.split("\r\n"))) <= columns
    for value, length in zip(values, lengths, strict=True):
        assert length == pytest.approx(max(lengths) * value / max(values), abs=1)


def test_shares_of_terms_and_the_intercept_add_up(tagger: bc.TopicClassifier, examples: list[bc.Article]) -> None:
    for article in examples[:5]:
        explanation = tagger.explain(article, "kriminal")
        terms = shares(explanation)
        assert len({share.term for share in terms}) == len(terms)
        total = sum(share.value for share in terms) + explanation.intercept
        assert total == pytest.approx(explanation.decision, abs=1e-4)


def test_no_page_is_written_over_what_it_was_made_from(tmp_path: Path) -> None:
    given = tmp_path / "a.jsonl"
    tags = [{"topic": "kriminal", "probability": 0.9}]
    given.write_text(json.dumps({"id": "1", "text": CRIME, "topics": ["kriminal"], "tags": tags}) + "\n")
    before = given.read_bytes()
    for command in (
        ("explain", given, "--html", given),
        ("evaluate", given, "--report", given),
        ("report", given, "-o", given),
    ):
        done = run(*command, code=1)
        assert (done.returncode, "would be written over" in done.stderr) == (1, True), done.stderr
        assert given.read_bytes() == before
    labels = tmp_path / "review.csv"
    labels.write_text("labels given by hand")
    done = run("review", given, "-o", labels, code=1)
    assert (done.returncode, labels.read_text()) == (1, "labels given by hand")
    assert "labels given by hand may stand in it" in done.stderr


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
    # Somewhat below what was measured, which the model card holds.
    assert figures["macro_f1"] >= 0.89
    assert figures["micro_f1"] >= 0.89
    assert figures["calibration_error"] <= 0.03
    f1 = {topic["topic"]: topic["f1"] for topic in figures["topics"]}
    assert min(f1[slug] for slug in ("perlindungan-anak", "bea-cukai", "kriminal")) >= 0.92
    assert min(topic["f1"] for topic in figures["topics"] if topic["support"] >= 15) >= 0.75
