"""Tags whole dumps: streamed in parts, over processes, resumable; no article is lost."""

from __future__ import annotations

import ctypes
import gc
import logging
import mmap
import os
import pickle
import re
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import ProcessPoolExecutor as ForkedExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor as LokyExecutor

from beritaclass import bundle
from beritaclass._resources import model_path
from beritaclass.article import Article
from beritaclass.classifier import Tagged, TopicClassifier
from beritaclass.errors import BatchError, InputError, RecordError
from beritaclass.io.fields import USUAL_NAMES, Fields
from beritaclass.io.journal import Journal, Stream, default_rejects
from beritaclass.io.parts import Part, choose, divide
from beritaclass.io.readers import Raw, read_raw
from beritaclass.io.records import as_json
from beritaclass.io.sources import Source, find_sources
from beritaclass.io.writers import check_keep, check_output, check_place, write_rows

_LOG = logging.getLogger(__name__)
WARM_BYTES = 1 << 23
"""Input from which on it pays to load the compiled kernel at once: in the parent, before the workers are forked."""
DIGITS = 4
"""Decimals of a probability in a row."""
LOG_SECONDS = 60
MOST_TOPICS = 10
"""Topics in a summary."""
_COUNTS = ("n_read", "n_rejected", "reasons", "topics", "kept")
_DETAIL = re.compile(r", got |; |(?<!['d]): ")
"""Where in the reason of a reject its own details begin; "field 'isi':" and "cannot be read:" say too little yet."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """What to make of each record: all that, with the model, decides how a row looks."""

    fields: Fields = Fields()  # noqa: RUF009 - frozen
    scores: bool = False
    keep: tuple[str, ...] = ()


@dataclass(slots=True)
class Summary:
    """What a run did. The counts are those of the whole dump, also after a resumption.

    Parameters
    ----------
    n_read, n_tagged, n_rejected : int
        n_read == n_tagged + n_rejected.
    n_resumed : int
        Of n_read, those that an earlier run had done.
    reasons : Counter of str
        Rejects per reason, what each record had of its own left out.
    topics : Counter of str
        Articles per topic.
    kept : Counter of str
        Articles per kept field that have it.
    seconds : float
        Wall clock of this run.
    rejects : str
        Where the rejected records are; '' if nowhere.
    output : str
        Where the tagged ones are.
    """

    n_read: int = 0
    n_rejected: int = 0
    n_resumed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    rejects: str = ""
    output: str = ""

    def add(self, counts: Mapping[str, Any]) -> None:
        """Count a part."""
        self.n_read += counts["n_read"]
        self.n_rejected += counts["n_rejected"]
        self.reasons.update(counts["reasons"])
        self.topics.update(counts["topics"])
        self.kept.update(counts["kept"])

    @property
    def n_tagged(self) -> int:
        """Articles in the output, also those that got no topic."""
        return self.n_read - self.n_rejected

    @property
    def rate(self) -> float:
        """Records a second in this run."""
        return (self.n_read - self.n_resumed) / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        resumed = f", {self.n_resumed:,} of them by the run before" if self.n_resumed else ""
        where = f" (see {self.rejects})" if self.n_rejected and self.rejects else ""
        lines = [
            f"{self.n_read:,} records read{resumed}: {self.n_tagged:,} tagged, {self.n_rejected:,} rejected{where}; "
            f"{self.seconds:,.1f} s, {self.rate:,.0f} a second"
        ]
        lines += [f"most frequent reason for rejects: {reason} ({n:,})" for reason, n in self.reasons.most_common(1)]
        shown = self.topics.most_common(MOST_TOPICS)
        width = max((len(topic) for topic, _ in shown), default=0)
        lines += [f"  {topic:<{width}} {n:>9,} {n / self.n_tagged:6.1%}" for topic, n in shown]
        if more := len(self.topics) - len(shown):
            command = shlex.join(["beritaclass", "report", self.output, "-o", "report.html"])
            lines.append(f"  and {more} more topics; to see all: {command}")
        return "\n".join(lines)


@dataclass(slots=True)
class Done:
    """What became of the records of a part: JSON lines, and counts."""

    n_read: int = 0
    n_rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    rows: bytes = b""
    rejects: bytes = b""

    def __add__(self, other: Done) -> Done:
        return Done(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def tag_dump(
    inputs: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    model: TopicClassifier | str | Path | None = None,
    n_jobs: int = 1,
    resume: bool = False,
    rejects: str | Path | None = None,
    max_rejects: int | None = None,
    scores: bool = False,
    wide: bool = False,
    keep: Sequence[str] = (),
    limit: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    fields: Fields = Fields(),  # noqa: B008 - frozen
    progress: bool = True,
) -> Summary:
    """Tag a dump of articles into a file: a row an article, in the order of the input.

    Memory does not grow with the dump. Finished parts wait in the folder '<output>.unfinished' until the output is
    whole; it then appears under its name and the folder goes.

    Parameters
    ----------
    inputs : str, Path, or iterable of them
        What `read_articles` takes.
    output : str or Path
        By its suffix .jsonl, .csv, .tsv (also with .gz, .zst) or .parquet; '-' for JSONL on standard output.
    model : TopicClassifier, str, Path, optional
        A tagger or the folder of one; the shipped one if none is given.
    n_jobs : int, default 1
        Processes; -1 for all cores, and never more than four a core. The output does not depend on it.
    resume : bool, default False
        Go on where a run that was cut off had come; the result is that of a run that was not.
    rejects : str or Path, optional
        JSONL file for records that cannot be read or tagged: source, position, reason, and the record as it was. By
        default it lies beside the output, '<output>.rejects.jsonl', if there is anything to put into it.
    max_rejects : int, optional
        Fail when there are more than so many.
    scores : bool, default False
        Whether to write the probability of every topic.
    wide : bool, default False
        In CSV and Parquet, whether to add a column a topic.
    keep : sequence of str, default ()
        Fields of the input to carry along, by their own names or as title, date, source, url.
    limit : int, optional
        Read no more than so many records.
    sample : int, optional
        Tag only so many records, drawn at random; they are held in memory.
    seed : int, default 0
        Of the draw.
    fields : Fields
        What the fields are called, where the usual names do not find them.
    progress : bool, default True
        Whether to show a bar on a terminal, and to log a line now and then elsewhere.

    Returns
    -------
    Summary
        How many records were read, tagged and rejected, why, and how many articles each topic has.

    Raises
    ------
    InputError
        If an argument, an input or the output cannot be used.
    BatchError
        If there are too many rejects, the output cannot be written or the disk is full, or there is nothing to resume
        that fits.
    BundleError
        If the model cannot be loaded.
    MissingExtraError
        If a package that reads or writes a format is not installed.
    """
    started = time.monotonic()
    target = Path(output)
    unfinished = target.parent / f"{target.name}.unfinished"
    inputs = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    written = [Path(rejects) if rejects else default_rejects(target)] if rejects or str(output) != "-" else []
    written += [target] if str(output) != "-" else []
    sources = _without_own(find_sources(inputs), inputs, written, unfinished)
    options = Options(fields, scores, tuple(dict.fromkeys(keep)))
    n_jobs = _n_jobs(n_jobs)
    with ExitStack() as stack:
        folder = _saved(model, stack) if isinstance(model, TopicClassifier) else Path(model or model_path())
        topics = bundle.read_manifest(folder)["topics"]
        if rejects is not None:
            check_place(Path(rejects))
        if str(output) == "-":
            check_keep(options.keep)
            sink: Journal | Stream = stack.enter_context(Stream(rejects))
        else:
            check_output(target, topics, options.keep, scores, wide)
            key: dict[str, list[Any]] = {
                "options": [f"{name}={value}" for name, value in asdict(options).items()]
                + [f"limit={limit}", f"sample={sample}", f"seed={seed}", f"beritaclass={version('beritaclass')}"],
                "model": [bundle.digest(folder)],
                "input": [source.identity() for source in sources],
            }
            try:
                sink = stack.enter_context(Journal(unfinished, key, resume))
            except OSError as error:
                raise BatchError(
                    f"cannot write {output}: no finished parts can be kept in {unfinished}: {error.strerror or error}"
                ) from error

        parts = divide(choose(read_raw(sources, fields), limit, sample, seed))
        summary = _resumed(sink, parts)
        summary.output = str(output)
        large = sum(source.size for source in sources) >= WARM_BYTES
        if n_jobs == 1:
            tagger = model if isinstance(model, TopicClassifier) else bundle.load(folder)
            if large:
                _warm_up(tagger)
            results = ((part, tag_part(tagger, part.records, options)) for part in parts)
        else:
            if large and _may_fork():
                _warm_up(_worker_tagger(folder))
            results = stack.enter_context(closing(_in_parallel(parts, folder, options, n_jobs)))
        show = stack.enter_context(_progress(sources, shown=progress))
        try:
            for part, done in results:
                counts = {"input": part.checksum, **{name: getattr(done, name) for name in _COUNTS}}
                sink.add(counts, done.rows, done.rejects)
                summary.add(counts)
                summary.seconds = time.monotonic() - started
                show(summary)
                if max_rejects is not None and summary.n_rejected > max_rejects:
                    break
            summary.rejects = sink.publish_rejects(target, rejects)
            if max_rejects is not None and summary.n_rejected > max_rejects:
                raise BatchError(
                    f"{summary.n_rejected} of {summary.n_read} records were rejected, more than the {max_rejects} "
                    f"allowed{f'; see {summary.rejects}' if summary.rejects else ''}"
                )
            if isinstance(sink, Journal):
                write_rows(sink.rows, target, topics=topics, keep=options.keep, scores=scores, wide=wide)
                sink.remove()
        except OSError as error:
            if isinstance(sink, Stream):
                raise
            raise BatchError(
                f"cannot write {error.filename or target}: {error.strerror or error}; the finished parts are kept in "
                f"{sink.folder}: make room and go on with --resume (resume=True)"
            ) from error
    if missing := [name for name in options.keep if summary.n_tagged and not summary.kept[name]]:
        _LOG.warning("no record has a field %s", ", ".join(map(repr, missing)))
    summary.seconds = time.monotonic() - started
    return summary


def tag_records(
    tagger: TopicClassifier, records: Sequence[Raw], options: Options = Options()
) -> list[Row | RecordError]:
    """Tag records: the one function that all ways of running over a dump carry about.

    Returns
    -------
    list of len(records) dict or RecordError
        A row {"id", "tags", "scores"?, kept fields} for each record, or why there is none.
    """
    results: list[Row | RecordError] = []
    waiting: list[tuple[int, Raw, dict[str, Any], Article]] = []
    for place, raw in enumerate(records):
        try:
            record = raw.record()
            article = raw.article(options.fields, record)
        except RecordError as error:
            results.append(error)
        else:
            waiting.append((place, raw, record, article))
            results.append({"id": article.id})
    tagged = _tagged(tagger, [article for *_, article in waiting], options.scores)
    for (place, raw, record, article), outcome in zip(waiting, tagged, strict=True):
        row = results[place]
        if isinstance(outcome, Exception):
            results[place] = raw.rejected(f"it cannot be tagged: {type(outcome).__name__}: {outcome}")
        elif isinstance(row, dict):
            row["tags"] = [{"topic": topic, "probability": round(p, DIGITS)} for topic, p in outcome.tags]
            if options.scores:
                row["scores"] = {topic: round(p, DIGITS) for topic, p in (outcome.scores or {}).items()}
            for name in options.keep:
                value = record[name] if name in record else getattr(article, name) if name in USUAL_NAMES else None
                row[name] = None if isinstance(value, str) and not value else value
    return results


def _tagged(tagger: TopicClassifier, articles: Sequence[Article], scores: bool) -> Iterator[Tagged | Exception]:
    """Tag articles; should that fail, each by itself, so that one that cannot be tagged harms no other."""
    try:
        yield from list(tagger.pipe(articles, scores=scores))
    except Exception:  # whatever the article did to the tagger
        for article in articles:
            try:
                yield from list(tagger.pipe([article], scores=scores))
            except Exception as error:
                yield error


def tag_part(tagger: TopicClassifier, records: Sequence[Raw], options: Options) -> Done:
    """Tag records into lines of JSON."""
    results = tag_records(tagger, records, options)
    rows = [result for result in results if isinstance(result, dict)]
    errors = [result for result in results if isinstance(result, RecordError)]
    rejects = [{name: getattr(e, name) for name in ("source", "position", "reason", "record")} for e in errors]
    return Done(
        n_read=len(records),
        n_rejected=len(errors),
        reasons=Counter(_DETAIL.split(error.reason, maxsplit=1)[0] for error in errors),
        topics=Counter(tag["topic"] for row in rows for tag in row["tags"]),
        kept=Counter(name for row in rows for name in options.keep if row[name] is not None),
        rows=b"".join(as_json(row) + b"\n" for row in rows),
        rejects=b"".join(as_json(reject) + b"\n" for reject in rejects),
    )


# ------------------------------------------------------------------------------------------------- parts of the dump


def _without_own(
    sources: list[Source], inputs: Iterable[str | Path], written: Sequence[Path], unfinished: Path
) -> list[Source]:
    """Leave out of folders and globs what this very run writes, and refuse to write over a file that was named."""
    own = {path.resolve() for path in written}
    if len(own) < len(written):
        raise InputError(f"output and rejects cannot both go to {written[0]}; give each a name of its own")
    for given in inputs:
        if Path(given).resolve() in own:
            raise InputError(f"{given} is an input, and would be written over; write to another file")
    others: list[Source] = []
    left_out: list[Source] = []
    for source in sources:
        path = Path(source.path).resolve()
        (left_out if path in own or unfinished.resolve() in path.parents else others).append(source)
    if left_out:
        _LOG.warning("left out what this run writes itself: %s", ", ".join(source.path for source in left_out))
        if not others:
            raise InputError("there is nothing to read besides what this run writes itself")
    return others


def _resumed(sink: Journal | Stream, parts: Iterator[Part]) -> Summary:
    """Pass over the parts that an earlier run has done, and count them."""
    summary = Summary()
    for before in sink.parts:
        part = next(parts, None)
        if part is None or part.checksum != before["input"]:
            raise BatchError(
                f"cannot go on with the run in {getattr(sink, 'folder', '')}: the input changed within its first "
                f"{summary.n_read + before['n_read']} records; give the same again, or remove the folder to begin anew"
            )
        summary.add(before)
    summary.n_resumed = summary.n_read
    return summary


# ------------------------------------------------------------------------------------------------------- processes


def _n_jobs(n_jobs: int) -> int:
    from joblib import cpu_count

    if n_jobs == -1:
        return int(cpu_count())
    if n_jobs < 1:
        raise InputError(f"n_jobs must be 1 or more, or -1 for all cores, got {n_jobs}")
    return min(n_jobs, 4 * int(cpu_count()))


def _saved(model: TopicClassifier, stack: ExitStack) -> Path:
    """Save a model for the workers, and for its digest."""
    return bundle.save(model, Path(stack.enter_context(tempfile.TemporaryDirectory())) / "model")


def _warm_up(tagger: TopicClassifier) -> None:
    """Load the compiled kernel, and give back the 80 MB of its compiler's code: it is hardly needed any more.

    Should it be, the system reads it from its file again.
    """
    tagger.vectorizer_.warm_up()
    maps = Path("/proc/self/maps")
    for mapped in maps.read_text(encoding="utf-8", errors="replace").splitlines() if maps.exists() else ():
        if "llvmlite" in mapped and " r-xp " in mapped:
            start, end = (int(address, 16) for address in mapped.split()[0].split("-"))
            ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)


def _in_parallel(
    parts: Iterator[Part], folder: Path, options: Options, n_jobs: int
) -> Generator[tuple[Part, Done], None, None]:
    """Tag parts in worker processes, in order, with no more than two a worker under way.

    A worker that dies takes the pool with it. The oldest part is then tried by itself, the others again; should that
    worker die too, the part is halved until the record is found that kills it.
    """
    waiting: deque[tuple[Part, Future[Done]]] = deque()
    pool = _pool(n_jobs, folder)

    def submit(part: Part) -> Future[Done]:
        try:
            future: Future[Done] = pool.submit(_tag_pickled, folder, options, pickle.dumps(part.records, 5))
        except BrokenProcessPool as error:
            future = Future()
            future.set_exception(error)
        return future

    try:
        while True:
            waiting.extend((part, submit(part)) for part in islice(parts, 2 * n_jobs - len(waiting)))
            if not waiting:
                return
            part, future = waiting.popleft()
            try:
                done = future.result()
            except BrokenProcessPool:
                _LOG.warning("a worker process died; what it was at is done again")
                _stop(pool)
                done = _carefully(part.records, folder, options)
                pool = _pool(n_jobs, folder)
                waiting = deque((p, f if f.done() and not f.exception() else submit(p)) for p, f in waiting)
            yield part, done
    finally:
        _stop(pool)


def _carefully(records: list[Raw], folder: Path, options: Options) -> Done:
    """Tag records in a process of their own; if it dies, each half of them, down to the record that kills it."""
    pool = _pool(1, folder)
    try:
        done: Done = pool.submit(_tag_pickled, folder, options, pickle.dumps(records, 5)).result()
    except BrokenProcessPool:
        if len(records) > 1:
            half = len(records) // 2
            return _carefully(records[:half], folder, options) + _carefully(records[half:], folder, options)
        error = records[0].rejected("the worker process that tagged it died, twice")
        done = tag_part(TopicClassifier(), [Raw(error)], options)
    finally:
        _stop(pool)
    return done


def _pool(n_jobs: int, folder: Path) -> Any:
    """Start worker processes: forked, with the model loaded beforehand, where that is safe; else from nothing.

    A forked worker shares the memory of the model and can begin at once. Forking is safe while no other thread runs.
    """
    start, parent = _start_worker, (os.getpid(),)
    if _may_fork():
        _worker_tagger(folder)
        pool: Any = ForkedExecutor(n_jobs, get_context("fork"), initializer=start, initargs=parent)
        gc.freeze()  # else each worker's collector touches all that is shared, and so copies it
        pool.submit(os.getpid)  # forks them all, before anything else starts a thread
        gc.unfreeze()
        return pool
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    return LokyExecutor(n_jobs, initializer=start, initargs=parent, env=threads)


def _may_fork() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1


def _stop(pool: Any) -> None:
    if isinstance(pool, LokyExecutor):
        pool.shutdown(kill_workers=True)
    else:
        pool.shutdown(cancel_futures=True)


def _start_worker(parent: int) -> None:
    """Leave Ctrl-C to the parent, and go when it has gone, were it by kill -9."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()


@cache
def _worker_tagger(folder: Path) -> TopicClassifier:
    return bundle.load(folder)


def _tag_pickled(folder: Path, options: Options, records: bytes) -> Done:
    return tag_part(_worker_tagger(folder), pickle.loads(records), options)  # noqa: S301 - pickled by the parent


@contextmanager
def _progress(sources: Sequence[Source], *, shown: bool) -> Iterator[Callable[[Summary], None]]:
    """Yield what shows how far a run has come: a bar on a terminal, a line a minute in a log."""
    total = sum(source.size for source in sources)
    if shown and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        text = TextColumn("{task.fields[counts]}")
        with Progress(
            BarColumn(),
            TaskProgressColumn(),
            text,
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
        ) as bar:
            task = bar.add_task("", total=total or None, counts="")

            def update(summary: Summary) -> None:
                counts = f"{summary.n_read:,} articles, {summary.rate:,.0f}/s, {summary.n_rejected:,} rejected"
                bar.update(task, completed=sum(source.done for source in sources), counts=counts, refresh=True)

            yield update
        return
    last = time.monotonic()

    def log(summary: Summary) -> None:
        nonlocal last
        if shown and time.monotonic() - last >= LOG_SECONDS:
            last = time.monotonic()
            share = f"{sum(source.done for source in sources) / total:.0%} of the input, " if total else ""
            _LOG.info(
                "%s%s articles, %s a second, %s rejected",
                *(share, f"{summary.n_read:,}", f"{summary.rate:,.0f}", f"{summary.n_rejected:,}"),
            )

    yield log
