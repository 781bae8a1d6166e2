"""How fast are articles tagged, and how fast is everything else one could use? One core, one run, the same articles.

    python benchmarks/throughput.py                     # table, and benchmarks/results/throughput.json
    python benchmarks/throughput.py --growth 1000000    # also how rate and memory go over so many articles

Needs the group `bench` (fasttext-numpy2) and the extra `fast`. Times are CPU times of one pinned core, the systems take
turns, and the median of the rounds counts: other work on the machine disturbs all of them alike.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

import beritaclass as bc

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
RESULTS = ROOT / "benchmarks" / "results" / "throughput.json"
N_ARTICLES = 5_000
UNCACHED = 60
"""Articles for the systems that need seconds for a hundred."""

Record = dict[str, Any]
_WORD = re.compile(r"\w+")
_NO_WORD = re.compile(r"[^a-z0-9\s-]+")

_START = """
import json, resource, sys, time
start = time.process_time()
import beritaclass as bc
bc.load  # names are imported when they are first asked for
imported = time.process_time()
tagger = bc.load()
loaded = time.process_time()
texts = json.load(sys.stdin)
asked = time.process_time()
tagger.tag(texts[0])
tagged = time.process_time()
memory = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
each = []
for text in texts[1:]:
    begin = time.process_time()
    tagger.tag(text)
    each.append(time.process_time() - begin)
each.sort()
print(json.dumps({
    "import_s": imported - start, "load_s": loaded - imported, "first_tag_s": tagged - asked,
    "memory_mb": memory / 1024, "latency_median_ms": each[len(each) // 2] * 1e3,
    "latency_p99_ms": each[int(len(each) * 0.99)] * 1e3, "numba_loaded": "numba" in sys.modules,
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=int, default=0, metavar="N", help="also tag up to N articles, repeated")
    parser.add_argument("--alone", action="store_true", help="measure beritaclass only")
    parser.add_argument("--grow-here", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if options.grow_here:
        grow_here(options.grow_here)
        return

    records, labelled = read_articles()
    systems, stages = own_systems(records), own_stages(records)
    others = {} if options.alone else other_systems(records, labelled)
    gc.collect()
    gc.freeze()  # nobody's garbage collection shall walk over everybody's models
    timed = take_turns({**systems, **stages, **floors(records), **others}, options.rounds)
    result: Record = {
        "articles": len(records),
        "characters_median": statistics.median(len(r["text"]) for r in records),
        "machine": {"cpu": cpu_name(), "python": platform.python_version()}
        | {
            name: installed(name)
            for name in ("numpy", "scipy", "numba", "scikit-learn", "fasttext-numpy2", "PySastrawi")
        },
        "rate": {name: figures["rate"] for name, figures in timed.items()},
        "rounds": {name: figures["rounds"] for name, figures in timed.items()},
        "command_line": command_line(records),
        "start": start_up(records),
    }
    own = result["rate"]["beritaclass pipe"]
    result["ratio"] = {name: own / rate for name, rate in result["rate"].items()}
    if options.growth:
        result["growth"] = growth(options.growth)
    RESULTS.parent.mkdir(exist_ok=True)
    path = RESULTS if not options.alone else RESULTS.with_name("alone.json")
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_table(result)
    print(f"\nwrote {path.relative_to(ROOT)}")


# ---------------------------------------------------------------------- articles


def read_articles() -> tuple[list[Record], list[Record]]:
    """Return the articles to tag, and the labelled ones that the others are trained on."""
    if not SHARED.exists():
        print("../shared, the corpus beside the repository, is absent: measuring on the examples, over and over")
        lines = (ROOT / "data" / "examples.jsonl").read_text(encoding="utf-8").splitlines()
        examples = [json.loads(line) for line in lines]
        return list(islice(cycle(examples), N_ARTICLES)), examples
    with gzip.open(SHARED / "corpus" / "articles.jsonl.gz", "rt", encoding="utf-8") as file:
        corpus = {record["id"]: record for record in map(json.loads, file)}
    gold = [json.loads(line) for line in (SHARED / "gold" / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    labelled = [
        {"title": corpus[g["id"]]["title"], "text": corpus[g["id"]]["text"], "topics": g["topics"]} for g in gold
    ]
    spread = islice(corpus.values(), 0, None, len(corpus) // N_ARTICLES)
    return [{name: r[name] for name in ("id", "title", "text")} for r in islice(spread, N_ARTICLES)], labelled


def whole(record: Record) -> str:
    return f"{record['title']}\n{record['text']}"


# ---------------------------------------------------------------------- what is timed

Task = Callable[[], tuple[int, float]]
"""Does its work once; returns how many articles, and the seconds it took."""


def task(work: Callable[[Sequence[Any]], object], items: Sequence[Any]) -> Task:
    def run() -> tuple[int, float]:
        start = time.process_time()
        work(items)
        return len(items), time.process_time() - start

    return run


def own_systems(records: list[Record]) -> dict[str, Task]:
    from beritaclass import vectorizer

    tagger = bc.load()
    articles = [bc.Article(id=r["id"], title=r["title"], text=r["text"]) for r in records]

    def compiled(articles: Sequence[bc.Article]) -> None:
        vectorizer.KERNEL_AFTER = 0
        for _ in tagger.pipe(articles):
            pass

    def plain(articles: Sequence[bc.Article]) -> None:
        vectorizer.KERNEL_AFTER = sys.maxsize
        for _ in tagger.pipe(articles):
            pass

    for way in (compiled, plain):
        way(articles)
    return {"beritaclass pipe": task(compiled, articles), "beritaclass pipe, without numba": task(plain, articles)}


def own_stages(records: list[Record]) -> dict[str, Task]:
    """Return the stages of the compiled way, each on what the one before it gave."""
    from beritaclass import kernel, vectorizer
    from beritaclass.preprocessing.scanning import default_cleaner, ends_of

    tagger = bc.load()
    v = tagger.vectorizer_
    cleaner = default_cleaner()
    size = 1_024
    texts = [part for r in records for part in (r["title"], r["text"])]
    batches = [texts[i : i + 2 * size] for i in range(0, len(texts), 2 * size)]
    table = kernel.WordTable(
        cleaner.symbol, lambda word: v._stem_ids.resolve(word.translate(cleaner.folded).decode("ascii"))
    )
    encoded = [(b"".join(codes), ends_of(codes)) for _, codes in map(cleaner.clean, batches)]
    words = [table.read(*batch) for batch in encoded]
    pairs = kernel.PairTable(v.pair_keys_).arrays
    columns = np.array(v.columns_.T, order="C")
    idf = v.idf_[columns]
    frequency, lengths = vectorizer._frequency(max(len(ids) for ids, _ in words)), v._lengths()

    def weigh(batch: tuple[Any, Any]) -> Any:
        ids, ends = batch
        return kernel.weigh(ids, ends, v.lead_words, len(v.stems_), pairs, columns, idf, frequency, lengths)

    articles = [bc.Article(title=r["title"], text=r["text"]) for r in records]
    vectorizer.KERNEL_AFTER = 0
    rows = [v.transform(articles[i : i + size]) for i in range(0, len(articles), size)]

    def stage(work: Callable[[Any], object], items: list[Any]) -> Task:
        timed = task(lambda items: [work(item) for item in items], items)
        return lambda: (len(records), timed()[1])

    return {
        "stage: clean": stage(cleaner.clean, batches),
        "stage: words to stem ids": stage(lambda batch: table.read(*batch), encoded),
        "stage: ids to weights": stage(weigh, words),
        "stage: score": stage(lambda batch: batch @ tagger.coef_, rows),
    }


def floors(records: list[Record]) -> dict[str, Task]:
    lines = [json.dumps(r, ensure_ascii=False).encode() for r in records]
    texts = list(map(whole, records))
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(b"\n".join(lines))
    path = Path(file.name)

    def read(_: Sequence[Any]) -> None:
        path.read_bytes()

    def found(texts: Iterable[str]) -> None:
        for text in texts:
            _WORD.findall(text.lower())

    return {
        "floor: str.lower and findall": task(found, texts),
        "floor: json.loads": task(lambda lines: [json.loads(line) for line in lines], lines),
        "floor: read the bytes": task(read, lines),
    }


def other_systems(records: list[Record], labelled: list[Record]) -> dict[str, Task]:
    texts, training = list(map(whole, records)), list(map(whole, labelled))
    topics = [r["topics"] for r in labelled]
    return fasttext_systems(texts, training, topics) | sklearn_systems(texts, training, topics)


def sklearn_systems(texts: list[str], training: list[str], topics: list[list[str]]) -> dict[str, Task]:
    from Sastrawi.Dictionary.ArrayDictionary import ArrayDictionary
    from Sastrawi.Stemmer.Stemmer import Stemmer
    from Sastrawi.Stemmer.StemmerFactory import StemmerFactory
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MultiLabelBinarizer
    from sklearn.svm import LinearSVC

    target = MultiLabelBinarizer().fit_transform(topics)

    def fitted(train: list[str]) -> Any:
        print(f"  fitting TfidfVectorizer(1, 2) and LinearSVC on {len(train)} articles", file=sys.stderr)
        # The tolerance makes fitting bearable; it does not change how long predicting takes.
        return make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), OneVsRestClassifier(LinearSVC(tol=0.1))
        ).fit(train, target)

    warm = StemmerFactory().create_stemmer()
    on_words, on_stems = fitted(training), fitted([warm.stem(text) for text in training])
    for text in texts:
        warm.stem(text)
    uncached = Stemmer(ArrayDictionary(StemmerFactory().get_words()))

    def stemmed(stem: Callable[[str], str]) -> Callable[[Sequence[str]], object]:
        return lambda texts: on_stems.predict([stem(text) for text in texts])

    def cold(texts: Sequence[str]) -> object:
        return stemmed(StemmerFactory().create_stemmer().stem)(texts)

    return {
        "Tfidf(1,2) + LinearSVC": task(on_words.predict, texts),
        "PySastrawi warm + Tfidf(1,2) + LinearSVC": task(stemmed(warm.stem), texts),
        "PySastrawi cold + Tfidf(1,2) + LinearSVC": task(cold, texts),
        "PySastrawi uncached + Tfidf(1,2) + LinearSVC": task(stemmed(uncached.stem), texts[:: len(texts) // UNCACHED]),
    }


def fasttext_systems(texts: list[str], training: list[str], topics: list[list[str]]) -> dict[str, Task]:
    try:
        import fasttext
    except ImportError:
        print("fasttext is not installed, so it is not measured: pip install fasttext-numpy2")
        return {}

    def tidied(text: str) -> str:
        return " ".join(_NO_WORD.sub(" ", text.lower()).split())

    def as_it_is(text: str) -> str:
        return text.replace("\n", " ")

    def fitted(prepare: Callable[[str], str]) -> Any:
        print(f"  fitting fastText on {len(training)} articles", file=sys.stderr)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            for text, slugs in zip(training, topics, strict=True):
                file.write(" ".join([f"__label__{slug}" for slug in slugs] + [prepare(text)]) + "\n")
            file.flush()
            return fasttext.train_supervised(file.name, loss="ova", wordNgrams=2, epoch=5, lr=0.5, thread=1, verbose=0)

    def system(prepare: Callable[[str], str]) -> Task:
        model = fitted(prepare)
        return task(lambda texts: model.predict([prepare(text) for text in texts], k=-1, threshold=0.5), texts)

    return {"fastText wordNgrams 2, cleaned up": system(tidied), "fastText wordNgrams 2, as it is": system(as_it_is)}


def take_turns(tasks: dict[str, Task], rounds: int) -> dict[str, Record]:
    rates: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(rounds):
        for name, run in tasks.items():
            n_articles, seconds = run()
            rates[name].append(n_articles / max(seconds, 1e-9))
            print(f"  round {number + 1}: {name}: {rates[name][-1]:,.0f}/s", file=sys.stderr)
    return {name: {"rate": statistics.median(rate), "rounds": rate} for name, rate in rates.items()}


# ---------------------------------------------------------------------- processes of their own


def command_line(records: list[Record]) -> Record:
    """Tag JSONL files in fresh processes: one article, the articles four times over, and sixteen times over."""
    lines = [json.dumps(r, ensure_ascii=False) + "\n" for r in records]
    sizes = {1: lines[:1], 4 * len(lines): lines * 4, 16 * len(lines): lines * 16}
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        for size, content in sizes.items():
            source, target = Path(folder) / f"{size}.jsonl", Path(folder) / f"{size}.out.jsonl"
            source.write_text("".join(content), encoding="utf-8")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            run = "from beritaclass.cli import main; main()"
            command = [sys.executable, "-c", run, "tag", str(source), "-o", str(target)]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - it is our own
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds[size] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    one, short, long = sizes
    return {
        "one_article_s": seconds[one],
        "rate_of_20000": short / seconds[short],
        "rate_of_80000": long / seconds[long],
        "rate_without_start": (long - short) / (seconds[long] - seconds[short]),
    }


def start_up(records: list[Record]) -> Record:
    """Start five times: import, load, first tag, memory, and one article after the other."""
    texts = json.dumps([r["text"] for r in records[:1_000]])
    command = [sys.executable, "-c", _START]
    runs = [json.loads(subprocess.check_output(command, input=texts, text=True)) for _ in range(5)]  # noqa: S603 - ours
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def growth(most: int) -> list[Record]:
    """Tag 1,000 articles, ten times as many, ... in one fresh process, the same articles over and over."""
    command = [sys.executable, __file__, "--grow-here", str(most)]
    steps: list[Record] = json.loads(subprocess.check_output(command))  # noqa: S603 - our own
    return steps


def grow_here(most: int) -> None:
    records = read_articles()[0]
    articles = [bc.Article(title=r["title"], text=r["text"]) for r in records]
    tagger = bc.load()
    steps, n = [], 1_000
    while n <= most:
        start = time.process_time()
        for _ in tagger.pipe(islice(cycle(articles), n)):
            pass
        seconds = time.process_time() - start
        steps.append({"articles": n, "rate": n / seconds, "memory_mb": memory_mb()})
        n *= 10
    print(json.dumps(steps))


def memory_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


# ---------------------------------------------------------------------- what is said


def cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def installed(name: str) -> str:
    try:
        return version(name)
    except ImportError:
        return "none"


def print_table(result: Record) -> None:
    print(f"\n{result['articles']} articles, one core\n")
    print("| | articles/s | µs an article | beritaclass is |\n|---|---:|---:|---:|")
    for name, rate in result["rate"].items():
        print(f"| {name} | {rate:,.0f} | {1e6 / rate:,.1f} | {result['ratio'][name]:,.2f} × |")
    line, start = result["command_line"], result["start"]
    print(f"\ncommand line: {line['rate_of_20000']:,.0f}/s over 20,000 articles, ", end="")
    print(f"{line['rate_of_80000']:,.0f}/s over 80,000, {line['rate_without_start']:,.0f}/s between them; ", end="")
    print(f"one article {line['one_article_s']:.2f} s")
    print(f"import {start['import_s']:.3f} s, load {start['load_s']:.3f} s, ", end="")
    print(f"first tag {start['first_tag_s'] * 1e3:.0f} ms, {start['memory_mb']:.0f} MB; one article ", end="")
    print(f"{start['latency_median_ms']:.2f} ms, 99 of 100 under {start['latency_p99_ms']:.2f} ms")
    for step in result.get("growth", ()):
        print(f"{step['articles']:>10,} articles: {step['rate']:,.0f}/s, {step['memory_mb']:.0f} MB")


if __name__ == "__main__":
    main()
