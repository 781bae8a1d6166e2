"""The run over a dump: the same bytes however it is run, cut off or disturbed, and no record lost."""

from __future__ import annotations

import gzip
import json
import logging
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import beritaclass as bc
from beritaclass import batch
from beritaclass.errors import BatchError, InputError
from beritaclass.io import Fields, journal, parts
from beritaclass.io.readers import read_raw
from beritaclass.io.sources import find_sources

TOPICS = {
    "kriminal": [
        "polisi menangkap pelaku pencurian",
        "tersangka perampokan ditahan polisi",
        "korban penusukan melapor",
    ],
    "olahraga": [
        "pemain mencetak gol di stadion",
        "pelatih tim memuji pemain muda",
        "pertandingan liga berakhir imbang",
    ],
    "ekonomi": ["harga beras di pasar naik", "inflasi bulan ini menurut bank sentral", "ekspor kopi tumbuh tahun lalu"],
}
SMALL_PARTS = "from beritaclass import batch; from beritaclass.io import parts; parts.PART_RECORDS = 10\n"


def articles(n: int, seed: int = 0, sentences: int = 6) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    phrases = [phrase for group in TOPICS.values() for phrase in group]
    return [
        {
            "id": f"{i:06}",
            "judul": draw.choice(phrases),
            "isi": ". ".join(draw.choices(phrases, k=sentences)),
            "rubrik": i % 3,
        }
        for i in range(n)
    ]


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [f"{phrase} {other}" for group in TOPICS.values() for phrase in group for other in group]
    labels = [[topic] for topic, group in TOPICS.items() for _ in group for _ in group]
    classifier = bc.TopicClassifier(vectorizer=bc.TopicVectorizer(min_df=1), n_folds=2).fit(texts, labels)
    return bc.save(classifier, tmp_path_factory.mktemp("model") / "small")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_RECORDS", 10)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return write(tmp_path / "dump.jsonl", articles(95))


# -------------------------------------------------------------------------------------------------- the same output


def test_rows_are_what_the_tagger_says_in_the_order_of_the_input(tmp_path: Path, dump: Path, model: Path) -> None:
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model)
    tagged = list(bc.load(model).pipe(bc.read_articles(dump)))
    assert lines(tmp_path / "out.jsonl") == [
        {"id": t.article.id, "tags": [{"topic": tag.topic, "probability": round(tag.probability, 4)} for tag in t.tags]}
        for t in tagged
    ]
    assert (summary.n_read, summary.n_tagged, summary.n_rejected) == (95, 95, 0)
    assert summary.topics == {
        topic: sum(tag.topic == topic for t in tagged for tag in t.tags) for topic in summary.topics
    }
    assert set(summary.topics) == set(TOPICS)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dump.jsonl", "out.jsonl"]


@pytest.mark.parametrize("forked", [True, False])
@pytest.mark.parametrize("n_jobs", [2, 3, -1])
def test_the_output_is_the_same_for_any_number_of_processes(
    tmp_path: Path,
    dump: Path,
    model: Path,
    n_jobs: int,
    small_parts: None,
    forked: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch, "_may_fork", lambda: forked and sys.platform == "linux")
    dump.write_text(dump.read_text().replace('"000033"', "rusak"))
    for name, jobs in (("one", 1), ("more", n_jobs)):
        bc.tag_dump(dump, tmp_path / f"{name}.jsonl", model=model, n_jobs=jobs, scores=True, keep=["rubrik"])
    for suffix in ("jsonl", "jsonl.rejects.jsonl"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"more.{suffix}").read_bytes()
    assert len(lines(tmp_path / "one.jsonl")) == 94


def test_a_tagger_in_memory_gives_what_its_folder_gives(tmp_path: Path, dump: Path, model: Path) -> None:
    bc.tag_dump(dump, tmp_path / "a.jsonl", model=bc.load(model))
    bc.tag_dump(dump, tmp_path / "b.jsonl", model=bc.load(model), n_jobs=2)
    bc.tag_dump(dump, tmp_path / "c.jsonl", model=model)
    assert len({(tmp_path / f"{name}.jsonl").read_bytes() for name in "abc"}) == 1


def test_standard_output_gives_the_same_rows(tmp_path: Path, dump: Path, model: Path, capfdbinary: Any) -> None:
    bc.tag_dump(dump, tmp_path / "out.jsonl", model=model)
    bc.tag_dump(dump, "-", model=model)
    assert capfdbinary.readouterr().out == (tmp_path / "out.jsonl").read_bytes()


def test_limit_and_sample(tmp_path: Path, dump: Path, model: Path) -> None:
    def ids(**options: Any) -> list[str]:
        bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, **options)
        return [row["id"] for row in lines(tmp_path / "out.jsonl")]

    everything = [record["id"] for record in articles(95)]
    assert ids(limit=7) == everything[:7]
    drawn = ids(sample=20)
    assert drawn == sorted(drawn)
    assert len(set(drawn)) == 20
    assert ids(sample=20) == drawn != ids(sample=20, seed=1)
    assert ids(sample=1000) == everything
    assert set(ids(sample=5, limit=10)) <= set(everything[:10])


def test_each_record_is_drawn_as_often_as_any_other() -> None:
    counts = [0] * 20
    for seed in range(4000):
        for raw in parts.choose(({"n": n} for n in range(20)), None, 5, seed):  # type: ignore[arg-type, misc]
            counts[raw["n"]] += 1  # type: ignore[call-overload]
    assert all(abs(count - 1000) < 5 * (4000 * 0.25 * 0.75) ** 0.5 for count in counts)


# ------------------------------------------------------------------------------------------------------ nothing lost


def test_a_bad_record_is_a_row_in_the_rejects_and_counts_add_up(tmp_path: Path, model: Path) -> None:
    records = [json.dumps(record) for record in articles(6)]
    records[2:2] = ["{rusak", '{"nama": "tanpa isi"}']
    (tmp_path / "dump.jsonl").write_text("\n".join(records))
    summary = bc.tag_dump(tmp_path / "dump.jsonl", tmp_path / "out.jsonl", model=model)
    assert (summary.n_read, summary.n_tagged, summary.n_rejected) == (8, 6, 2)
    rejects = lines(Path(summary.rejects))
    assert [(r["position"], r["record"]) for r in rejects] == [(3, "{rusak"), (4, '{"nama": "tanpa isi"}')]
    assert {r["source"] for r in rejects} == {str(tmp_path / "dump.jsonl")}
    assert "'nama'" in rejects[1]["reason"]
    assert "--text-field" in rejects[1]["reason"]
    assert f"2 rejected (see {tmp_path / 'out.jsonl.rejects.jsonl'})" in str(summary)


def test_the_most_frequent_reason_for_rejects_is_said(
    tmp_path: Path, dump: Path, model: Path, small_parts: None
) -> None:
    assert "reason" not in str(bc.tag_dump(dump, tmp_path / "out.jsonl", model=model))
    bad = ['{"isi": 5}', '{"isi": 67}', '{"nama": "x"}', "{rusak", '{"isi": [8]}', '{"n": 1}']
    dump.write_text("\n".join([*bad, dump.read_text()]))
    cut_off(tmp_path, dump, model)
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, resume=True)
    assert summary.reasons == {"field 'isi': expected text": 3, "no field for the text": 2, "no JSON": 1}
    assert str(summary).splitlines()[1] == "most frequent reason for rejects: field 'isi': expected text (3)"
    dump.write_bytes(gzip.compress(b"rusak")[:12])
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model)
    assert summary.reasons == {"the file cannot be read: the file is cut off": 1}


def test_a_summary_shows_the_ten_most_frequent_topics_and_where_all_are() -> None:
    topics = Counter({f"topik-{n}": n for n in range(1, 13)})
    summary = batch.Summary(n_read=100, topics=topics, output="my tags.jsonl")
    _, *shown, last = str(summary).splitlines()
    assert [line.split()[0] for line in shown] == [f"topik-{n}" for n in range(12, 2, -1)]
    assert last == "  and 2 more topics; to see all: beritaclass report 'my tags.jsonl' -o report.html"
    assert "more" not in str(batch.Summary(n_read=100, topics=Counter(a=1)))


def test_rejects_of_an_earlier_run_do_not_stay_behind(tmp_path: Path, dump: Path, model: Path) -> None:
    stale = tmp_path / "out.jsonl.rejects.jsonl"
    stale.write_text("{}")
    bc.tag_dump(dump, tmp_path / "out.jsonl", model=model)
    assert not stale.exists()
    bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, rejects=tmp_path / "named.jsonl")
    assert (tmp_path / "named.jsonl").read_bytes() == b""


def test_too_many_rejects_are_a_failure_that_can_be_gone_on_with(
    tmp_path: Path, dump: Path, model: Path, small_parts: None
) -> None:
    dump.write_text("rusak\n" * 3 + dump.read_text())
    with pytest.raises(BatchError, match=r"3 of 10 records were rejected, more than the 2 allowed; see .*rejects"):
        bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, max_rejects=2)
    assert not (tmp_path / "out.jsonl").exists()
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, max_rejects=3, resume=True)
    assert (summary.n_resumed, summary.n_tagged, summary.n_rejected) == (10, 95, 3)


def test_an_article_that_cannot_be_tagged_harms_no_other(
    tmp_path: Path, dump: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bc.TopicClassifier.pipe

    def fails(self: bc.TopicClassifier, articles: Any, **options: Any) -> Any:
        if any(article.id == "000042" for article in articles):
            raise ValueError("tidak bisa")
        return real(self, articles, **options)

    monkeypatch.setattr(bc.TopicClassifier, "pipe", fails)
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model)
    assert (summary.n_tagged, summary.n_rejected) == (94, 1)
    (reject,) = lines(Path(summary.rejects))
    assert reject["reason"] == "it cannot be tagged: ValueError: tidak bisa"
    assert json.loads(reject["record"])["id"] == "000042"


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_kept_fields_that_no_utf_8_can_hold_harm_no_output(tmp_path: Path, model: Path, name: str) -> None:
    """Half of a surrogate pair, as Python and JavaScript write it into JSON, and numbers longer than 64 bits."""
    dump = tmp_path / "dump.jsonl"
    dump.write_text('{"id": "\\ud83d", "isi": "gol", "judul": "separuh \\ud83d", "n": 1%s}\n' % ("0" * 25))
    summary = bc.tag_dump(dump, tmp_path / name, model=model, keep=["judul", "n"])
    assert (summary.n_tagged, summary.n_rejected) == (1, 0)
    (article,) = [raw.record() for raw in read_raw(find_sources(tmp_path / name))]
    assert (article["id"], article["judul"]) == ("?", "separuh ?")
    assert float(article["n"]) == 1e25


def test_a_run_does_not_read_what_it_writes(
    tmp_path: Path, model: Path, small_parts: None, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    write(folder / "a.jsonl", articles(30))
    (folder / "b.jsonl").write_text("rusak\n")
    for _ in range(2):
        summary = bc.tag_dump(folder, folder / "out.jsonl", model=model)
        assert (summary.n_tagged, summary.n_rejected) == (30, 1)
    assert (
        f"left out what this run writes itself: {folder / 'out.jsonl'}, {folder / 'out.jsonl.rejects.jsonl'}"
        in caplog.text
    )
    whole = (folder / "out.jsonl").read_bytes()
    cut_off(folder, folder, model)
    assert bc.tag_dump(folder, folder / "out.jsonl", model=model, resume=True).n_resumed == 10
    assert (folder / "out.jsonl").read_bytes() == whole


@pytest.mark.parametrize(
    ("output", "rejects", "message"),
    [
        ("dump.jsonl", None, "dump.jsonl is an input, and would be written over"),
        ("out.jsonl", "dump.jsonl", "dump.jsonl is an input, and would be written over"),
        ("-", "dump.jsonl", "dump.jsonl is an input, and would be written over"),
        ("out.jsonl", "./out.jsonl", "output and rejects cannot both go to"),
    ],
)
def test_no_file_is_written_over_that_is_read(
    tmp_path: Path,
    dump: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    output: str,
    rejects: str | None,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = dump.read_bytes()
    with pytest.raises(InputError, match=message):
        bc.tag_dump(dump, output, model=model, rejects=rejects)
    assert dump.read_bytes() == before


def test_duplicate_ids_are_kept(tmp_path: Path, model: Path) -> None:
    write(tmp_path / "dump.jsonl", articles(3) + articles(3))
    bc.tag_dump(tmp_path / "dump.jsonl", tmp_path / "out.jsonl", model=model)
    assert [row["id"] for row in lines(tmp_path / "out.jsonl")] == ["000000", "000001", "000002"] * 2


def test_an_unreadable_file_among_good_ones(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    write(folder / "a.jsonl", articles(3))
    packed = gzip.compress((folder / "a.jsonl").read_bytes() * 999)
    (folder / "b.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    (folder / "c.parquet").write_bytes(b"bukan parquet")
    write(folder / "d.jsonl", articles(3))
    summary = bc.tag_dump(folder, tmp_path / "out.jsonl", model=model)
    rejects = lines(Path(summary.rejects))
    assert [Path(r["source"]).name for r in rejects] == ["b.jsonl.gz", "c.parquet"]
    assert summary.n_read == summary.n_tagged + 2
    assert len(lines(tmp_path / "out.jsonl")) == summary.n_tagged > 1000


@pytest.mark.slow
def test_a_record_of_50_megabytes_is_tagged(tmp_path: Path, model: Path) -> None:
    long = {"id": "panjang", "isi": "polisi menangkap pelaku pencurian. " * 1_500_000}
    write(tmp_path / "dump.jsonl", [*articles(2), long, *articles(2)])
    summary = bc.tag_dump(tmp_path / "dump.jsonl", tmp_path / "out.jsonl", model=model, n_jobs=2)
    assert summary.n_tagged == 5
    assert lines(tmp_path / "out.jsonl")[2]["tags"][0]["topic"] == "kriminal"


# ------------------------------------------------------------------------------------------------- workers that die


def with_deadly_articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Make every new process kill itself at an article that says so, as a bug in a C library would."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nfrom pathlib import Path\nfrom beritaclass.classifier import TopicClassifier\n"
        "real = TopicClassifier.pipe\n"
        "def deadly(self, articles, **options):\n"
        "    for article in articles:\n"
        f"        if 'MATI' in article.text and {when}:\n"
        "            os.kill(os.getpid(), 9)\n"
        "    return real(self, articles, **options)\n"
        "TopicClassifier.pipe = deadly\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(batch, "_may_fork", bool)  # a forked worker would not read this file


@pytest.mark.slow
def test_a_forked_worker_that_dies_loses_nothing(
    tmp_path: Path, dump: Path, model: Path, monkeypatch: pytest.MonkeyPatch, small_parts: None
) -> None:
    bc.tag_dump(dump, tmp_path / "undisturbed.jsonl", model=model)
    marker = tmp_path / "sudah mati"
    real = bc.TopicClassifier.pipe

    def deadly(self: bc.TopicClassifier, articles: Any, **options: Any) -> Any:
        if any(article.id == "000042" for article in articles) and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, articles, **options)

    monkeypatch.setattr(bc.TopicClassifier, "pipe", deadly)
    monkeypatch.setattr(batch, "_may_fork", lambda: True)
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, n_jobs=2)
    assert marker.exists()
    assert (summary.n_tagged, summary.n_rejected) == (95, 0)
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "undisturbed.jsonl").read_bytes()


@pytest.mark.slow
def test_a_worker_that_dies_once_loses_nothing(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, small_parts: None
) -> None:
    records = articles(60)
    records[33]["isi"] += " MATI"
    dump = write(tmp_path / "dump.jsonl", records)
    bc.tag_dump(dump, tmp_path / "undisturbed.jsonl", model=model)
    marker = tmp_path / "sudah mati"
    with_deadly_articles(
        tmp_path, monkeypatch, f"not os.path.exists({str(marker)!r}) and not Path({str(marker)!r}).touch()"
    )
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, n_jobs=2)
    assert marker.exists()
    assert (summary.n_tagged, summary.n_rejected) == (60, 0)
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "undisturbed.jsonl").read_bytes()


@pytest.mark.slow
def test_a_record_that_kills_every_worker_is_found_and_rejected(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, small_parts: None
) -> None:
    records = articles(60)
    dump = write(tmp_path / "dump.jsonl", records)
    bc.tag_dump(dump, tmp_path / "undisturbed.jsonl", model=model)
    records[33]["isi"] += " MATI"
    write(dump, records)
    with_deadly_articles(tmp_path, monkeypatch, "True")
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, n_jobs=2)
    assert (summary.n_read, summary.n_tagged, summary.n_rejected) == (60, 59, 1)
    (reject,) = lines(Path(summary.rejects))
    assert (reject["position"], reject["reason"]) == (34, "the worker process that tagged it died, twice")
    undisturbed = (tmp_path / "undisturbed.jsonl").read_bytes().splitlines()
    assert (tmp_path / "out.jsonl").read_bytes().splitlines() == undisturbed[:33] + undisturbed[34:]


# --------------------------------------------------------------------------------------------------- going on again


def run(tmp_path: Path, dump: Path, model: Path, options: str = "", **popen: Any) -> subprocess.Popen[bytes]:
    code = (
        f"{SMALL_PARTS}batch.tag_dump({str(dump)!r}, {str(tmp_path / 'out.jsonl')!r}, model={str(model)!r}, {options})"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, **popen)


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_killed_at_twenty_random_moments_and_resumed(
    tmp_path: Path, model: Path, n_jobs: int, small_parts: None
) -> None:
    records = articles(6000, seed=n_jobs)
    dump = write(tmp_path / "dump.jsonl", records)
    dump.write_text(dump.read_text().replace('"000777"', "rusak"))
    bc.tag_dump(dump, tmp_path / "undisturbed.jsonl", model=model)
    draw = random.Random(n_jobs)
    unfinished = tmp_path / "out.jsonl.unfinished" / "parts.jsonl"
    kills, sizes = 0, set()
    while not (tmp_path / "out.jsonl").exists():
        process = run(tmp_path, dump, model, f"n_jobs={n_jobs}, resume=True")
        if kills < 20:
            before = unfinished.stat().st_size if unfinished.exists() else 0
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:  # until it has got somewhere
                if unfinished.exists() and unfinished.stat().st_size > before:
                    break
                time.sleep(0.002)
            time.sleep(draw.random() * 0.02)
            process.kill()
            kills += process.wait() == -signal.SIGKILL
            sizes.add(unfinished.stat().st_size if unfinished.exists() else None)
        assert process.wait(timeout=120) in (0, -signal.SIGKILL), process.stderr.read().decode()  # type: ignore[union-attr]
    assert kills == 20
    assert len(sizes) > 10  # it was killed at different stages
    for suffix in ("jsonl", "jsonl.rejects.jsonl"):
        assert (tmp_path / f"out.{suffix}").read_bytes() == (tmp_path / f"undisturbed.{suffix}").read_bytes()
    assert not unfinished.parent.exists()


@pytest.mark.slow
def test_workers_go_when_their_parent_was_killed(tmp_path: Path, model: Path) -> None:
    dump = write(tmp_path / "dump.jsonl", articles(50_000))
    process = run(tmp_path, dump, model, "n_jobs=2")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while len(tasks := children.read_text().split()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(tasks) >= 2
    assert process.poll() is None
    process.kill()
    process.wait()
    deadline = time.monotonic() + 15
    while any(_alive(pid) for pid in tasks) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in tasks if _alive(pid)]


def _alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def cut_off(tmp_path: Path, dump: Path | list[str], model: Path, **options: Any) -> None:
    """Leave behind an unfinished run: the first part is done."""
    with pytest.MonkeyPatch.context() as patch:
        add = journal.Journal.add

        def once(self: journal.Journal, *args: Any) -> None:
            if self.parts or getattr(self, "cut", False):
                raise KeyboardInterrupt
            add(self, *args)
            self.cut = True  # type: ignore[attr-defined]

        patch.setattr(journal.Journal, "add", once)
        with pytest.raises(KeyboardInterrupt):
            bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, **options)


def test_finished_parts_are_not_thrown_away_unasked(tmp_path: Path, dump: Path, model: Path, small_parts: None) -> None:
    cut_off(tmp_path, dump, model)
    with pytest.raises(BatchError, match=r"out\.jsonl\.unfinished holds the finished parts .* --resume"):
        bc.tag_dump(dump, tmp_path / "out.jsonl", model=model)
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, resume=True)
    assert (summary.n_read, summary.n_resumed) == (95, 10)
    assert "10 of them by the run before" in str(summary)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("aB", r"\(changed: B\.jsonl\)"),
        ("a", r"\(missing: B\.jsonl\)"),
        ("aBcaa", r"\(new: a\.jsonl, a\.jsonl, c\.jsonl; changed: B\.jsonl\)"),
        ("ac", r"\(new: c\.jsonl; missing: B\.jsonl\)"),
        ("Ba", r"\(changed: B\.jsonl; moved: B\.jsonl is given where a\.jsonl was\)"),
    ],
)
def test_an_input_that_is_not_the_same_is_refused(
    tmp_path: Path, model: Path, small_parts: None, monkeypatch: pytest.MonkeyPatch, given: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in "aBc":
        write(tmp_path / f"{name}.jsonl", articles(20))
    cut_off(tmp_path, ["a.jsonl", "B.jsonl"], model)
    with (tmp_path / "B.jsonl").open("a") as stream:
        stream.write("\n")
    with pytest.raises(BatchError, match=f"the input is not the same {message}; give the same files in the same order"):
        bc.tag_dump([f"{name}.jsonl" for name in given], tmp_path / "out.jsonl", model=model, resume=True)


def test_an_input_that_changed_in_secret_is_refused(tmp_path: Path, dump: Path, model: Path, small_parts: None) -> None:
    cut_off(tmp_path, dump, model)
    times = dump.stat()
    dump.write_text(dump.read_text().replace('"000003"', '"999999"'))
    os.utime(dump, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(BatchError, match="the input changed within its first 10 records"):
        bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, resume=True)


def test_a_changed_model_is_refused(tmp_path: Path, dump: Path, model: Path, small_parts: None) -> None:
    cut_off(tmp_path, dump, model)
    other = bc.load(model)
    other.thresholds_ = other.thresholds_ / 2
    with pytest.raises(BatchError, match="its model was"):
        bc.tag_dump(dump, tmp_path / "out.jsonl", model=bc.save(other, tmp_path / "other"), resume=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scores": True}, "scores=False, now it is scores=True"),
        ({"keep": ["rubrik"]}, r"keep=\(\), now it is keep=\('rubrik',\)"),
        ({"limit": 50}, "limit=None, now it is limit=50"),
        ({"sample": 50}, "sample=None"),
        ({"fields": Fields(title="x")}, "title"),
    ],
)
def test_changed_options_are_refused(
    tmp_path: Path, dump: Path, model: Path, small_parts: None, options: dict[str, Any], message: str
) -> None:
    cut_off(tmp_path, dump, model)
    with pytest.raises(BatchError, match=message):
        bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, resume=True, **options)


@pytest.mark.parametrize("damage", ["rows", "index", "rejects", "half a line"])
def test_a_journal_that_lost_its_end_is_gone_on_with(
    tmp_path: Path, dump: Path, model: Path, small_parts: None, damage: str
) -> None:
    dump.write_text("rusak\n" + dump.read_text())
    bc.tag_dump(dump, tmp_path / "undisturbed.jsonl", model=model)
    cut_off(tmp_path, dump, model)
    folder = tmp_path / "out.jsonl.unfinished"
    name = {"rows": "rows.jsonl", "rejects": "rejects.jsonl"}.get(damage, "parts.jsonl")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-5] if damage != "half a line" else content + content[:40])
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, resume=True)
    assert summary.n_resumed == (10 if damage == "half a line" else 0)
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "undisturbed.jsonl").read_bytes()
    rejects = [(tmp_path / f"{n}.jsonl.rejects.jsonl").read_bytes() for n in ("out", "undisturbed")]
    assert rejects[0] == rejects[1]


@pytest.mark.slow
def test_a_full_disk_keeps_what_is_done(tmp_path: Path, model: Path, small_parts: None) -> None:
    """A limit on the size of files fails like a full disk does: in the middle of a write."""
    dump = write(tmp_path / "dump.jsonl", articles(2000))
    bc.tag_dump(dump, tmp_path / "undisturbed.jsonl", model=model)
    half = (tmp_path / "undisturbed.jsonl").stat().st_size // 2

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (half, half))

    process = run(tmp_path, dump, model, preexec_fn=limited)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert b"BatchError: cannot write" in errors
    assert b"make room and go on with --resume" in errors
    assert not (tmp_path / "out.jsonl").exists()
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, resume=True)
    assert summary.n_resumed > 500
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "undisturbed.jsonl").read_bytes()


def test_a_disk_that_is_full_at_the_last_moment(
    tmp_path: Path, dump: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out.jsonl").write_text("yang lama")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BatchError, match="No space left on device"):
            bc.tag_dump(dump, tmp_path / "out.jsonl", model=model)
    assert (tmp_path / "out.jsonl").read_text() == "yang lama"
    summary = bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, resume=True)
    assert summary.n_resumed == summary.n_read == 95
    assert len(lines(tmp_path / "out.jsonl")) == 95


def test_standard_input_can_be_resumed(
    tmp_path: Path, dump: Path, model: Path, monkeypatch: pytest.MonkeyPatch, small_parts: None
) -> None:
    with dump.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        cut_off(tmp_path, Path("-"), model)
    with dump.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        summary = bc.tag_dump("-", tmp_path / "out.jsonl", model=model, resume=True)
    assert (summary.n_read, summary.n_resumed) == (95, 10)


# ---------------------------------------------------------------------------------------- arguments, memory, progress


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        ("out.doc", {}, "cannot tell a format"),
        ("out.parquet.gz", {}, "cannot tell a format"),
        ("tiada/out.jsonl", {}, "cannot write tiada/out.jsonl: there is no folder"),
        ("dump.jsonl/out.jsonl", {}, "cannot write dump.jsonl/out.jsonl: there is no folder"),
        (".", {}, "is a folder"),
        ("out.jsonl", {"wide": True}, "for CSV and Parquet"),
        ("out.jsonl", {"keep": ["tags"]}, "cannot keep 'tags'"),
        ("out.csv", {"wide": True, "keep": ["kriminal"]}, "cannot keep 'kriminal'"),
        ("-", {"keep": ["id"]}, "cannot keep 'id'"),
        ("out.jsonl", {"n_jobs": 0}, "n_jobs must be 1 or more"),
        ("out.jsonl", {"rejects": "tiada/x.jsonl"}, "cannot write tiada/x.jsonl: there is no folder"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_done(
    tmp_path: Path, dump: Path, model: Path, output: str, options: dict[str, Any], message: str, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        bc.tag_dump(dump, output, model=model, **options)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dump.jsonl"]


def test_an_output_that_cannot_be_written_is_named_as_it_was_given(
    tmp_path: Path, dump: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)  # root may write everywhere
        with pytest.raises(InputError, match=r"^cannot write out\.jsonl: nothing may be written into the folder"):
            bc.tag_dump(dump, "out.jsonl", model=model)

    def denied(self: Path, *_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", denied)
        with pytest.raises(
            BatchError, match=r"^cannot write out\.jsonl: .* in out\.jsonl\.unfinished: Permission denied$"
        ):
            bc.tag_dump(dump, "out.jsonl", model=model)
    monkeypatch.setattr(Path, "replace", denied)
    with pytest.raises(
        BatchError, match=r"^cannot write out\.jsonl: Permission denied; the finished parts are kept in"
    ):
        bc.tag_dump(dump, "out.jsonl", model=model)


def test_a_kept_field_that_no_record_has_is_said(
    tmp_path: Path, dump: Path, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, keep=["rubrik", "title", "rubrick"])
    assert "no record has a field 'rubrick'" in caplog.text
    row, record = lines(tmp_path / "out.jsonl")[5], articles(95)[5]
    assert row["rubrik"] == record["rubrik"]
    assert row["title"] == record["judul"]
    assert row["rubrick"] is None


def test_a_log_gets_a_line_now_and_then(
    tmp_path: Path, dump: Path, model: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    small_parts: None,
) -> None:  # fmt: skip
    monkeypatch.setattr(batch, "LOG_SECONDS", 0)
    with caplog.at_level(logging.INFO):
        bc.tag_dump(dump, tmp_path / "out.jsonl", model=model)
    assert "100% of the input, 95 articles" in caplog.text
    caplog.clear()
    bc.tag_dump(dump, tmp_path / "out.jsonl", model=model, progress=False)
    assert caplog.text == ""


MEMORY = """
import os
from pathlib import Path
from beritaclass import batch
from beritaclass.io.journal import Journal

peaks, add = {}, Journal.add

def note(*args):
    if args:
        add(*args)
    for pid in [os.getpid(), *Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]:
        status = Path(f"/proc/{pid}/status").read_text()
        peaks[pid] = int(status.partition("VmHWM:")[2].split()[0])

Journal.add = note
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs /proc, which says how much memory a process took"
)
@pytest.mark.parametrize(("n_jobs", "suffix"), [(1, "jsonl"), (2, "jsonl"), (1, "parquet")])
def test_memory_does_not_grow_with_the_dump(tmp_path: Path, n_jobs: int, suffix: str) -> None:
    peaks = []
    for times in (1, 1, 10):
        dump = tmp_path / f"dump.{suffix}"
        records = articles(9_000, sentences=40)  # more than WARM_BYTES
        if suffix == "parquet":
            pq.write_table(pa.Table.from_pylist(records * times), dump, compression="none", row_group_size=9_000)
        else:
            write(dump, records * times)
        assert dump.stat().st_size > batch.WARM_BYTES
        output = tmp_path / f"{times}.{suffix}"
        call = f"batch.tag_dump({str(dump)!r}, {str(output)!r}, keep=['judul'], n_jobs={n_jobs})"
        code = f"{MEMORY}\n{call}\nnote()\nprint(*sorted(peaks.values())[-{n_jobs} - ({n_jobs} > 1):])"
        # A cache of its own: other tests that compile at the same time would have this run compile again.
        environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "numba")}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
        peaks.append([int(kilobytes) for kilobytes in done.stdout.split()])
    peaks = peaks[1:]  # the first run on a machine compiles the kernel, for some 100 MB more
    assert len(peaks[0]) == n_jobs + (n_jobs > 1)  # the parent of workers counts too
    for short, long in zip(*peaks, strict=True):
        assert long <= 1.1 * short
        assert long <= 300_000 + 60_000  # room for pages of the compiler, which are given back and may be touched again
