"""How fast is a dump tagged, and in how much memory? Per format, with two processes, and for a longer dump.

    python benchmarks/dumps.py              # tables, and benchmarks/results/dumps.json
    python benchmarks/dumps.py --long 10    # also the dump so many times over

Every run is a process of its own, as a user starts it, so that starting and loading count. One and two processes take
turns; the ratio is that of neighbouring runs. Memory is the peak of the resident set (VmHWM) of each process of a run,
pages that processes share counted in each. Needs the corpus beside the repository, the extras, and /proc.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import orjson

from beritaclass.io.writers import whole

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus" / "articles.jsonl.gz"
RESULTS = ROOT / "benchmarks" / "results" / "dumps.json"
COMMAND = "from beritaclass.cli import main; main()"

Record = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", type=int, default=0, metavar="TIMES", help="also tag the dump so many times over")
    options = parser.parse_args()
    result: Record = {"cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(options.rounds):
            for jobs in (1, 2):
                result.setdefault(f"jobs {jobs}", []).append(tag(CORPUS, folder, jobs))
        ratios = [two["rate"] / one["rate"] for one, two in zip(result["jobs 1"], result["jobs 2"], strict=True)]
        result["ratio"] = statistics.median(ratios)
        if options.long:
            long = folder / "long.jsonl.gz"
            with long.open("wb") as stream:
                for _ in range(options.long):
                    stream.write(CORPUS.read_bytes())
            result["long"] = [tag(long, folder, jobs) for jobs in (1, 2)]
            long.unlink()
        records = [orjson.loads(line) for line in gzip.decompress(CORPUS.read_bytes()).splitlines()]
        result["formats"] = {}
        for suffix in (".jsonl", ".jsonl.gz", ".jsonl.zst", ".json", ".csv", ".parquet", ".xml"):
            dump = folder / f"dump{suffix}"
            write(records, dump)
            result["formats"][suffix] = {"megabytes": dump.stat().st_size / 1e6, **tag(dump, folder, 1, ".parquet")}
            dump.unlink()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_tables(result)


def tag(dump: Path, folder: Path, jobs: int, suffix: str = ".jsonl") -> Record:
    """Tag a dump in a process of its own; return its rate and the peak of each process, the parent's first."""
    output = folder / f"tagged{suffix}"
    command = [sys.executable, "-c", COMMAND, "tag", str(dump), "-o", str(output), "--jobs", str(jobs)]
    started = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    peaks: dict[int, float] = {}

    def watch() -> None:
        while process.poll() is None:
            for pid in (process.pid, *children(process.pid)):
                peaks[pid] = max(peaks.get(pid, 0), peak(pid))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, said = process.communicate()
    seconds = time.monotonic() - started
    watcher.join()
    if process.returncode:
        raise RuntimeError(said)
    n_articles = int(said.partition(" records read")[0].rpartition("\n")[2].replace(",", ""))
    print(f"  {dump.name}, {jobs} jobs: {n_articles / seconds:,.0f}/s {peaks}", file=sys.stderr)
    return {"articles": n_articles, "rate": n_articles / seconds, "peak_mb": list(peaks.values())}


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def peak(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024 if "VmHWM:" in status else 0


def write(records: list[Record], path: Path) -> None:
    """Write the corpus in the format that the suffix tells."""
    lines = b"".join(orjson.dumps(record) + b"\n" for record in records)
    names = sorted({name for record in records for name in record})
    with whole(path) as stream:
        if path.name.endswith(".jsonl"):
            stream.write(lines)
        elif path.name.endswith(".gz"):
            stream.write(gzip.compress(lines, 6))
        elif path.name.endswith(".zst"):
            import zstandard

            stream.write(zstandard.compress(lines))
        elif path.name.endswith(".json"):
            stream.write(orjson.dumps(records))
        elif path.name.endswith(".parquet"):
            import pyarrow as pa
            import pyarrow.parquet as pq

            pq.write_table(pa.Table.from_pylist([dict.fromkeys(names) | record for record in records]), stream)
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as text:
            writer = csv.DictWriter(text, names)
            writer.writeheader()
            writer.writerows(records)
    elif path.suffix == ".xml":
        with path.open("w", encoding="utf-8") as text:
            text.write('<?xml version="1.0"?><rss xmlns:wp="http://wordpress.org/export/1.2/"><channel>\n')
            for record in records:
                body = "".join(f"<p>{escape(line)}</p>" for line in record["text"].splitlines())
                text.write(
                    f"<item><title>{escape(record['title'])}</title><wp:post_id>{escape(record['id'])}</wp:post_id>"
                    f"<content:encoded>{escape(body)}</content:encoded><wp:status>publish</wp:status>"
                    "<wp:post_type>post</wp:post_type></item>\n"
                )
            text.write("</channel></rss>\n")


def print_tables(result: Record) -> None:
    print(f"\n{result['cores']} cores, load {result['load']:.1f}; two processes over one: {result['ratio']:.2f} ×\n")
    print("| processes | articles | articles/s | peak memory, MB |\n|---|---:|---:|---:|")
    for jobs in (1, 2):
        runs = result[f"jobs {jobs}"]
        peaks = (f"{statistics.median(values):.0f}" for values in zip(*(run["peak_mb"] for run in runs), strict=True))
        rate = statistics.median(run["rate"] for run in runs)
        print(f"| {jobs} | {runs[0]['articles']:,} | {rate:,.0f} | {' + '.join(peaks)} |")
    for jobs, run in enumerate(result.get("long", ()), start=1):
        peaks = (f"{value:.0f}" for value in run["peak_mb"])
        print(f"| {jobs} | {run['articles']:,} | {run['rate']:,.0f} | {' + '.join(peaks)} |")
    print("\n| input | MB | articles/s | peak memory, MB |\n|---|---:|---:|---:|")
    for suffix, run in result["formats"].items():
        print(f"| {suffix} | {run['megabytes']:,.0f} | {run['rate']:,.0f} | {run['peak_mb'][0]:.0f} |")


if __name__ == "__main__":
    main()
