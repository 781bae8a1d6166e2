"""Trains the shipped model: `python tools/train_model.py` reads ../shared and writes models/news.

The words are weighted by all articles of the corpus. Vectors of the stems, learned from the company they keep in the
corpus, let a word that no labelled article holds stand for those it is akin to; they give title, lead and text a second
view each, whitened, which is linear and folds into the weights: the model stays one weight a column. All topics are
learned at once with the squared hinge on 0 and 1, in the dual, from one inverse. Probabilities and thresholds come from
what articles get of models that know nothing of their publisher, since users bring other publishers. Everything is
deterministic from the seed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg
from scipy.linalg.lapack import spotrf, spotri
from scipy.sparse import csr_array

import beritaclass as bc
from beritaclass._resources import data_path
from beritaclass.calibration import fit_sigmoid, fit_thresholds, reached, sigmoid
from beritaclass.classifier import indicator
from beritaclass.drift import describe
from beritaclass.evaluation import Comparison, Evaluation, compare, score
from beritaclass.preprocessing.cleaning import clean_text
from beritaclass.preprocessing.stemming import default_stemmer
from beritaclass.preprocessing.tokenization import surfaces
from beritaclass.taxonomy import news_taxonomy
from stem_vectors import stem_vectors

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
WRITTEN = ROOT / "tools" / "written.jsonl"
SEED = 0
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]

VECTORIZER: dict[str, Any] = {
    "min_df": 4,
    "max_df": 0.4,
    "max_pairs": 60_000,
    "title_min_df": 2,
    "title_weight": 0.74,
    "lead_weight": 0.775,
    "lead_words": 80,
}
N_DIMENSIONS = 300
WHITENING = 0.7
"""Power to which the views' axes are made of equal length: 0 leaves them, 1 is full whitening."""
VIEW_WEIGHT = 0.6
"""Weight of each field's view beside the words'."""
RIDGE = 0.28
UNSURE_TARGET = 0.3
BIAS = 0.03
N_ROUNDS = 12
"""Ridge regressions that bring down the squared hinge; more change the decision values in the third place."""
N_FOLDS = 10
LARGEST = 30_000
"""Rows of a matrix that LAPACK inverts at once; OpenBLAS crashed at 41,000."""
STRENGTH = 300.0
"""Positives at which a topic's own threshold counts as much as the common one."""
SHARES = (0.5, 0.9, 1.2)
"""Share of its threshold that the first, second and each further topic of an article needs."""


@dataclass(frozen=True)
class Labelled:
    """Rows of the corpus with their right topics, which of these count, and whether they came from the gold set."""

    row: Rows
    target: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.bool_]
    is_gold: npt.NDArray[np.bool_]

    def __getitem__(self, chosen: Any) -> Labelled:
        return Labelled(self.row[chosen], self.target[chosen], self.counted[chosen], self.is_gold[chosen])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "models" / "news")
    arguments = parser.parse_args()
    started = time.time()

    def say(what: str) -> None:
        print(f"{time.time() - started:6.0f} s  {what}", flush=True)

    corpus = list(read_corpus())
    n_corpus = len(corpus)
    corpus += bc.read_articles(WRITTEN)
    classes = np.array(sorted(t.slug for t in news_taxonomy()))
    more_labels = [(ROOT / "tools" / "labels.jsonl", False), (WRITTEN, False)]
    train = read_labels(corpus, classes, [(SHARED / "gold" / "train.jsonl", True), *more_labels])
    dev = read_labels(corpus, classes, [(SHARED / "gold" / "dev.jsonl", True)])
    if set(train.row) & set(dev.row):
        raise SystemExit("an article of the dev split is among the training articles")
    written = train.row >= n_corpus
    say(f"{len(corpus)} articles, {train.is_gold.sum()} gold labels, {(~train.is_gold).sum()} more")

    vectorizer = bc.TopicVectorizer(**VECTORIZER).fit(corpus)
    rows = vectorizer.transform(corpus)
    say(f"{rows.shape[1]} columns, {rows.nnz / len(corpus):.0f} an article")
    learner = Learner(rows, vectorizer, company(vectorizer, corpus), train)
    say("stem vectors, inner products")

    fold = np.random.default_rng(SEED).permutation(len(train.row)) % N_FOLDS
    decision = np.empty((len(train.row), len(classes)))
    for i in range(N_FOLDS):
        decision[fold == i] = learner.learn(np.flatnonzero(fold == i))[2]
    publisher = np.array([registered_name(corpus[i].source) for i in train.row])
    apart = decision.copy()
    for name in PUBLISHERS:
        apart[publisher == name] = learner.learn(np.flatnonzero(publisher == name))[2]
    say("decision values of articles, and of publishers, left out")

    gold = train.is_gold
    known = gold & np.isin(publisher, PUBLISHERS)
    measured = [
        ("cross-validation", judged(classes, train, decision, apart, gold, fold)),
        ("a publisher left out", judged(classes, train, apart, apart, known, publisher)),
    ]
    measured += [
        (name, judged(classes, train, apart, apart, gold & (publisher == name), publisher)) for name in PUBLISHERS
    ]
    year = np.array([int(corpus[i].date[:4] or 0) for i in train.row])
    later, earlier = year >= 2024, (year > 0) & (year < 2023)
    dated = np.empty_like(decision)
    dated[~earlier] = learner.learn(np.flatnonzero(~earlier))[2]
    measured.append(
        ("2024 and later, learned from before 2023", judged(classes, train, dated, apart, gold & later, ~earlier))
    )
    calibration = Calibration.fit(apart[gold], train[gold])

    weights = learner.weights()
    coef = weights.coef.astype(np.float16).astype(np.float32)
    say("weights")
    model = bc.TopicClassifier(taxonomy=news_taxonomy())
    model.vectorizer_, model.classes_, model.multilabel_ = vectorizer, classes, True
    model.coef_, model.intercept_ = coef, weights.intercept.astype(np.float32)
    model.slope_, model.offset_, model.thresholds_ = calibration.slope, calibration.offset, calibration.threshold
    model.shares_ = shares(classes)
    measured.append(("dev", calibration.evaluate(classes, rows[dev.row] @ coef + weights.intercept, dev)))
    for name, evaluation in measured:
        print_line(name, evaluation)
    measured = [line for line in measured if line[0] not in PUBLISHERS]
    provenance = {
        "seed": SEED,
        "articles": len(corpus),
        "labelled": {
            "gold": int(train.is_gold.sum()),
            "model-read": int((~train.is_gold & ~written).sum()),
            "written": int(written.sum()),
        },
        "measured": {
            name: {"macro_f1": round(e.macro_f1, 4), "micro_f1": round(e.micro_f1, 4)} for name, e in measured
        },
    }
    unseen = rows[:n_corpus] @ coef + weights.intercept
    unseen[train.row[~written]] = decision[~written]
    model.reference_ = describe(model, corpus[:n_corpus], assessed=calibration.decide(classes, unseen))
    say("how the corpus looks, for drift")
    bc.save(model, arguments.output, card=card(model, measured, provenance), provenance=provenance)
    say(f"saved {arguments.output}, {sum(f.stat().st_size for f in arguments.output.iterdir()) / 1e6:.1f} MB")


def company(vectorizer: bc.TopicVectorizer, corpus: Sequence[bc.Article]) -> Floats:
    """Return vectors of the vectoriser's stems, of unit length."""
    number = {stem: i for i, stem in enumerate(vectorizer.stems_)}
    stem = default_stemmer().stem
    parts, document = [], []
    for i, article in enumerate(corpus):
        words = surfaces(clean_text(article.title)) + surfaces(clean_text(article.text))
        parts.append(np.array([n for n in (number.get(stem(word), -1) for word in words) if n >= 0], np.int32))
        document.append(np.full(len(parts[-1]), i, np.int32))
    vectors = stem_vectors(
        np.concatenate(parts), np.concatenate(document), len(number), n_dimensions=N_DIMENSIONS, seed=SEED
    )
    length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


class Learner:
    """Learns all topics over the words and the views of the labelled articles.

    A topic's loss is the squared hinge: how far an article that has it stays below 1, or one that has it not above 0.
    It is brought down by ridge regressions on targets that move along with what lies beyond (a majorisation: Hunter &
    Lange 2004, "A tutorial on MM algorithms"). These all share one inverse of the inner products (Saunders, Gammerman &
    Vovk 1998), which also tells what articles get that are left out: the targets at which their dual coefficients
    would be 0 (Cawley & Talbot 2003).
    """

    def __init__(self, rows: csr_array, vectorizer: bc.TopicVectorizer, vectors: Floats, labelled: Labelled) -> None:
        self.labelled = labelled
        self.rows = rows[labelled.row]
        n_stems = len(vectorizer.stems_)
        self.views: list[tuple[npt.NDArray[Any], Floats, Floats]] = []
        for columns in vectorizer.columns_[:, :n_stems]:
            stems = np.flatnonzero(columns >= 0)
            projection = whitened(rows[:, columns[stems]], vectors[stems])
            self.views.append((columns[stems], projection, self.rows[:, columns[stems]] @ projection))
        n = len(labelled.row)
        kernel = np.empty((n, n), np.float32)
        for start in range(0, n, 1000):
            some = slice(start, start + 1000)
            kernel[some] = (self.rows[some] @ self.rows.T).toarray()
            for _, _, view in self.views:
                kernel[some] += VIEW_WEIGHT * (view[some] @ view.T)
        self.scale = float(np.diag(kernel).mean())
        kernel /= np.float32(self.scale)
        kernel += np.float32(BIAS)
        kernel[np.diag_indices_from(kernel)] += np.float32(RIDGE)
        self.inverse = inverted(kernel)

    def learn(self, left_out: Rows) -> tuple[Floats, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Learn from all labelled articles but some.

        Returns
        -------
        dual : ndarray of shape (n_labelled, n_topics), float32
            0 for those left out.
        mean : ndarray of shape (n_topics,)
            What an article without words gets, but for the bias.
        decision : ndarray of shape (n_left_out, n_topics)
            What those left out get.
        """
        labelled, inverse = self.labelled, self.inverse
        here = np.ones(len(labelled.row), bool)
        here[left_out] = False
        target = np.where(labelled.counted, labelled.target, UNSURE_TARGET)
        mean = target[here].mean(axis=0)
        apart = (
            scipy.linalg.cho_factor(inverse[np.ix_(left_out, left_out)].astype(np.float64)) if len(left_out) else None
        )
        value = target
        for _ in range(N_ROUNDS):
            moved = (value - mean).astype(np.float32)
            if apart is not None:
                moved[left_out] = 0
                moved[left_out] = -scipy.linalg.cho_solve(apart, inverse[left_out] @ moved)
            dual = inverse @ moved
            dual[left_out] = 0
            reached = moved - np.float32(RIDGE) * dual + mean
            beyond = np.where(labelled.target, np.maximum(reached, 1), np.minimum(reached, 0))
            value = np.where(labelled.counted, beyond, UNSURE_TARGET)
        return dual, mean, reached[left_out].astype(np.float64)

    def weights(self) -> Weights:
        """Learn from all labelled articles."""
        dual, mean, _ = self.learn(np.empty(0, np.intp))
        coef = np.asarray(self.rows.T @ dual, np.float32)
        for columns, projection, view in self.views:
            coef[columns] += VIEW_WEIGHT * (projection @ (view.T @ dual))
        return Weights(coef / np.float32(self.scale), mean + BIAS * dual.sum(axis=0, dtype=np.float64))


def inverted(matrix: Floats) -> Floats:
    """Invert a symmetric positive definite matrix in its own memory."""
    if len(matrix) > LARGEST:
        return inverted_by_blocks(matrix, len(matrix) // 2)
    factor, failed = spotrf(matrix.T, lower=0, clean=0, overwrite_a=1)
    inverse, failed_too = spotri(factor, lower=0, overwrite_c=1)
    if failed or failed_too:
        raise SystemExit("the matrix of inner products is not positive definite")
    for i in range(len(inverse)):
        inverse[i + 1 :, i] = inverse[i, i + 1 :]
    return np.asarray(inverse)


def inverted_by_blocks(matrix: Floats, n: int) -> Floats:
    """Do the same from the inverse of the first `n` rows and columns and that of what they leave of the rest."""
    corner, beside = matrix[:n, :n], matrix[:n, n:]
    corner[:] = inverted(corner.copy())
    explained = corner @ beside
    rest = inverted(matrix[n:, n:] - beside.T @ explained)
    matrix[n:, n:] = rest
    beside[:] = -explained @ rest
    matrix[n:, :n] = beside.T
    corner -= beside @ explained.T
    return matrix


def whitened(rows: csr_array, vectors: Floats) -> Floats:
    """Return a projection of a field's stems whose image over the corpus is nearly white and of unit length.

    The first axis, on which all articles lie alike, is dropped.
    """
    image = rows @ vectors
    strength, axes = np.linalg.eigh((image.T @ image / len(image)).astype(np.float64))
    strength, axes = strength[::-1][1:], axes[:, ::-1][:, 1:]
    projection = (vectors @ (axes / strength ** (WHITENING / 2))).astype(np.float32)
    return np.asarray(projection / np.sqrt(((rows @ projection) ** 2).sum(axis=1).mean()), np.float32)


@dataclass(frozen=True)
class Weights:
    """One weight a column and topic, and the intercepts."""

    coef: Floats
    intercept: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Slope, offset and threshold of each topic."""

    slope: npt.NDArray[np.float64]
    offset: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, decision: npt.NDArray[Any], labelled: Labelled) -> Calibration:
        """Learn from decision values of articles that the model did not see."""
        slope, offset = np.array(
            [
                fit_sigmoid(decision[counted, topic], labelled.target[counted, topic])
                for topic, counted in enumerate(labelled.counted.T)
            ]
        ).T
        probability = sigmoid(slope * decision + offset)
        threshold = fit_thresholds(probability, labelled.target, labelled.counted, strength=STRENGTH)
        return cls(slope, offset, np.asarray(threshold, np.float64))

    def decide(
        self, classes: npt.NDArray[Any], decision: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return probabilities and what is said, with what is implied."""
        probability = sigmoid(self.slope * decision + self.offset)
        said = reached(probability, self.threshold, shares(classes))
        column = {slug: i for i, slug in enumerate(classes.tolist())}
        for topic in news_taxonomy():
            for broad in topic.broader:
                narrow, wide = column[topic.slug], column[broad]
                said[:, wide] |= said[:, narrow]
                np.maximum(probability[:, wide], probability[:, narrow], out=probability[:, wide])
        return probability, said

    def evaluate(self, classes: npt.NDArray[Any], decision: npt.NDArray[Any], labelled: Labelled) -> Evaluation:
        """Compare with the right topics."""
        probability, said = self.decide(classes, decision)
        return score(Comparison(tuple(classes.tolist()), [], probability, said, labelled.target, labelled.counted))


def shares(classes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the share that each topic needs at each place."""
    return np.repeat(np.array(SHARES)[:, None], len(classes), axis=1)


def judged(
    classes: npt.NDArray[Any],
    train: Labelled,
    decision: npt.NDArray[Any],
    apart: npt.NDArray[Any],
    chosen: npt.NDArray[np.bool_],
    group: npt.NDArray[Any],
) -> Evaluation:
    """Evaluate the chosen articles, each group with the calibration that the gold articles outside of it give.

    Parameters
    ----------
    classes : ndarray of shape (n_topics,)
    train : Labelled
    decision : ndarray of shape (n_labelled, n_topics)
        To be judged.
    apart : ndarray of shape (n_labelled, n_topics)
        To calibrate by.
    chosen : ndarray of shape (n_labelled,), bool
    group : ndarray of shape (n_labelled,)
    """
    probability, said = np.empty(decision.shape), np.empty(decision.shape, bool)
    for name in np.unique(group[chosen]):
        here, others = chosen & (group == name), train.is_gold & (group != name)
        calibration = Calibration.fit(apart[others], train[others])
        probability[here], said[here] = calibration.decide(classes, decision[here])
    labelled = train[chosen]
    names = tuple(classes.tolist())
    return score(Comparison(names, [], probability[chosen], said[chosen], labelled.target, labelled.counted))


PUBLISHERS = ("detik", "kompas", "okezone", "tempo", "sindonews", "liputan6", "tribunnews", "wowkeren")


def registered_name(source: str) -> str:
    """'news.detik.com' is detik."""
    return next((name for name in PUBLISHERS if f"{name}." in source), source)


def print_line(name: str, e: Evaluation) -> None:
    print(
        f"{name:35} macro-F1 {e.macro_f1:.4f} micro-F1 {e.micro_f1:.4f} precision {e.micro_precision:.4f} "
        f"recall {e.micro_recall:.4f} ECE {e.calibration_error:.4f} of tags {e.tag_calibration_error:.4f} "
        f"({e.n_articles} articles)",
        flush=True,
    )


def read_corpus() -> Iterator[bc.Article]:
    with gzip.open(SHARED / "corpus" / "articles.jsonl.gz", "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            title, text, date, source = (record[name] or "" for name in ("title", "text", "date", "source"))
            yield bc.Article(id=record["id"], title=title, text=text, date=date, source=source)


def read_labels(
    corpus: Sequence[bc.Article], classes: npt.NDArray[Any], files: Sequence[tuple[Path, bool]]
) -> Labelled:
    """Read labels by article id; of an article in several files, the first counts."""
    row_of = {article.id: i for i, article in enumerate(corpus)}
    found: dict[int, tuple[set[str], set[str], bool]] = {}
    for path, is_gold in files:
        for record in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            topics = news_taxonomy().closure(record["topics"])
            found.setdefault(row_of[record["id"]], (topics, set(record["unsure"]) - topics, is_gold))
    return Labelled(
        np.array(list(found)),
        indicator([topics for topics, _, _ in found.values()], classes),
        ~indicator([unsure for _, unsure, _ in found.values()], classes),
        np.array([is_gold for _, _, is_gold in found.values()]),
    )


def card(model: bc.TopicClassifier, measured: Sequence[tuple[str, Evaluation]], provenance: dict[str, Any]) -> str:
    """Return the model card: for whom, trained on what, measured how, weak where, with worked examples of errors."""
    dev = dict(measured)["dev"]
    labelled = provenance["labelled"]
    lines = "".join(
        f"| {name} | {e.macro_f1:.3f} | {e.micro_f1:.3f} | {e.calibration_error:.3f} | {e.tag_calibration_error:.3f} "
        f"| {e.n_articles:,} |\n"
        for name, e in measured
    )
    topics = "".join(
        f"| {t.topic} | {t.precision:.2f} | {t.recall:.2f} | {t.f1:.2f} ({t.f1_low:.2f} - {t.f1_high:.2f}) "
        f"| {t.support} |\n"
        for t in sorted(dev.topics, key=lambda t: -t.f1)
    )
    weakest = ", ".join(t.topic for t in sorted(dev.topics, key=lambda t: t.f1)[:6])
    return CARD.format(
        n_topics=len(model.classes_),
        n_columns=len(model.coef_),
        n_corpus=provenance["articles"] - labelled["written"],
        n_gold=labelled["gold"],
        n_more=labelled["model-read"],
        n_written=labelled["written"],
        lines=lines,
        topics=topics,
        weakest=weakest,
        examples="\n".join(worked_errors(model)),
        seed=SEED,
    )


CARD = """# The shipped model: news

{n_topics} topics of Indonesian news, linear, {n_columns:,} columns. `beritaclass topics` lists them;
`data/topics.toml` defines them.

What a topic needs goes by its place among the article's topics: the first needs half of its threshold, the second nine
tenths, each further one 1.2 times; a tag's threshold as shown by `explain` is what counted.

## For whom

For newsrooms, media monitors and researchers who want to sort, filter and count Indonesian news articles by topic.
Not for decisions about persons, not for judging whether a report is true, and not for other kinds of text: chats,
laws and scientific papers use these words in other ways. English and regional languages get few tags or none.

## Trained on what

* {n_corpus:,} news articles of 2016 to 2026, mostly of kompas, okezone, detik, tempo, sindonews, liputan6, wowkeren
  and tribunnews, for the weights of words and the vectors of stems. More than half are of 2019.
* {n_gold:,} of them with topics that careful readers gave by a guide; two readings of other
  articles by this guide agree at a micro-F1 of 0.96.
* {n_more:,} more with topics that language models gave, reading title and excerpts by the same guide
  (`tools/labels.jsonl` holds the ids and topics): the rest of the corpus, but for the dev split and what is nearly the
  same text as one of its articles. On articles of the first set that were hidden among them they agree with its topics
  at a micro-F1 of 0.97 to 0.99.
* {n_written:,} short articles written for this project by language models (`tools/written.jsonl`), on topics and years
  of which the corpus holds little. Persons, quotes and figures in them are invented, and nothing in them is a report.

Trained by `tools/train_model.py`, seed {seed}; the file tells how.

## Measured how

On articles that the model has not seen. The dev split was not trained on; it leans to 2023 and later and to thin
topics. In cross-validation, and with publishers left out, each part is judged with the calibration of the other ones.
Pairs of article and topic that readers were unsure of do not count. The labels read by language models are never
measured on.

| articles | macro-F1 | micro-F1 | calibration error | of tags said | articles |
|---|---|---|---|---|---|
{lines}
The dev split by topic, with the 95 % interval of F1 over resampled articles:

| topic | precision | recall | F1 | support |
|---|---|---|---|---|
{topics}
## Weak where

The weakest topics on the dev split are {weakest}. On a publisher, and above all on years, that it has not seen the
model is less right (table above): names and events date. Short texts of one or two sentences hold too few words. A
headline helps: without one the lead must carry it. `hukum` beside `kriminal` at the police stage, `pemerintahan`
beside everything and `sosial` are soft in the labels themselves.

### Worked examples of errors

On the example articles in `data/examples.jsonl`, written for this project, the surest errors are these; the words
are the stems that spoke most for the error.

{examples}
"""


def worked_errors(model: bc.TopicClassifier, n: int = 8) -> list[str]:
    """Describe the surest errors on the example articles."""
    examples = list(bc.read_articles(data_path("examples.jsonl")))
    comparison = compare(model, examples)
    gap = (
        np.abs(comparison.probability - comparison.target) * (comparison.said != comparison.target) * comparison.counted
    )
    found = []
    for flat in np.argsort(-gap, axis=None, kind="stable")[:n]:
        i, j = np.unravel_index(flat, gap.shape)
        if gap[i, j] == 0:
            break
        said = bool(comparison.said[i, j])
        topic = comparison.classes[j]
        contributions = model.explain(examples[i], topic).contributions
        speaking = sorted(contributions, key=lambda c: -c.value if said else c.value)[:5]
        found.append(
            f'* {examples[i].id}, "{examples[i].title or examples[i].text[:60]}": {topic} '
            f"{'wrongly said' if said else 'missed'} ({comparison.probability[i, j]:.2f}); "
            + ", ".join(dict.fromkeys(f"*{c.term}*" for c in speaking))
        )
    return found


if __name__ == "__main__":
    main()
