"""Turns articles into rows of a matrix: TF-IDF of stems and stem pairs, title, lead and text apart."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from itertools import chain, islice, pairwise
from threading import Lock, current_thread, main_thread
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from beritaclass._estimator import Estimator
from beritaclass.article import Article
from beritaclass.errors import InputError
from beritaclass.preprocessing.cleaning import clean_text
from beritaclass.preprocessing.parsing import leading_headline
from beritaclass.preprocessing.stemming import Stemmer, default_stemmer
from beritaclass.preprocessing.tokenization import surfaces, tokenize

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FIELDS = ("title", "lead", "text")
"""The parts of an article that have columns of their own; the lead is where the text begins."""
UNKNOWN = -1
"""Id of a stem that is no term of the vocabulary; it keeps its neighbours apart."""
EMPTY = -2
"""Id of a surface that carries nothing, such as a bare hyphen; its neighbours stand side by side."""

KERNEL_AFTER = 3_000
"""Articles that a process turns into rows before it loads the compiled kernel: loading takes about as long as those."""

_MEMO_LIMIT = 200_000
_BATCH = 1_024
_FILTER_BITS = 21

Ints = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Rows = tuple[Ints, Ints, Floats]

_COMPILED = ("_stem_ids", "_seen_pairs", "_kernel")


class StemIds(dict[str, int]):
    """Surface -> id of its stem; a surface not yet met is stemmed once and remembered, within a bound."""

    def __init__(self, stems: Sequence[str], stemmer: Stemmer) -> None:
        super().__init__()
        self._ids = {stem: i for i, stem in enumerate(stems)}
        self._stemmer = stemmer

    def resolve(self, surface: str) -> int:
        """Return the id of the stem of a surface, without remembering it here."""
        stem = self._stemmer.stem(surface)
        return self._ids.get(stem, UNKNOWN) if stem else EMPTY

    def __missing__(self, surface: str) -> int:
        found = self.resolve(surface)
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        self[surface] = found
        return found


class TopicVectorizer(Estimator):
    """TF-IDF over the stems and stem pairs of cleaned articles, with columns of their own for title, lead and text.

    News says first what it is about, so the words of the lead count once more, apart. Each field is weighted by
    sublinear term frequency, 1 + ln(count), and smoothed inverse document frequency, ln((1 + n) / (1 + df)) + 1, and
    scaled to unit length (Salton & Buckley 1988, in the variant of scikit-learn's TfidfVectorizer); then the title is
    multiplied by `title_weight` and the lead by `lead_weight`.

    Parameters
    ----------
    min_df : int, default 2
        Articles that a stem or a pair must stand in, in any field, to become a term.
    max_df : float, default 0.5
        Share of the articles above which a stem says nothing.
    max_pairs : int or None, default 200_000
        Keep only so many pairs, the most frequent; 0 for none, None for all.
    title_min_df : int, default 2
        Titles that a term must stand in to have a column for titles.
    title_weight, lead_weight : float, default 0.5
        Length of the title's and the lead's part of a row; the text's is 1.
    lead_words : int, default 100
        Words of the text that are its lead.

    Attributes
    ----------
    stems_ : list of str
        The stems that are terms; term i is `stems_[i]`.
    pair_keys_ : ndarray of shape (n_pairs,), int64, ascending
        left * len(stems_) + right; term len(stems_) + j is the pair of key `pair_keys_[j]`.
    columns_ : ndarray of shape (n_fields, n_terms), int32
        Column of a term in a field, -1 where it has none; ascending along each row, field after field.
    idf_ : ndarray of shape (n_columns,), float32
    """

    def __init__(
        self,
        *,
        min_df: int = 2,
        max_df: float = 0.5,
        max_pairs: int | None = 200_000,
        title_min_df: int = 2,
        title_weight: float = 0.5,
        lead_weight: float = 0.5,
        lead_words: int = 100,
    ) -> None:
        self.min_df = min_df
        self.max_df = max_df
        self.max_pairs = max_pairs
        self.title_min_df = title_min_df
        self.title_weight = title_weight
        self.lead_weight = lead_weight
        self.lead_words = lead_words

    def fit(self, X: Iterable[Article | str], y: object = None) -> Self:
        """Learn the vocabulary and the document frequencies.

        Parameters
        ----------
        X : iterable of Article or str
        y : ignored

        Returns
        -------
        self : TopicVectorizer

        Raises
        ------
        InputError
            If no stem is left: the articles are empty, or `min_df` is too high for them.
        """
        stem = default_stemmer().stem
        numbers: dict[str, int] = {}
        flat = [
            np.fromiter(
                (numbers.setdefault(s, len(numbers)) if s else EMPTY for s in map(stem, surfaces(part))), np.int64
            )
            for article in Article.each(X)
            for part in cleaned_fields(article)
        ]
        ends = np.cumsum([len(part) for part in flat], dtype=np.int64)
        ids = np.concatenate([*flat, np.empty(0, np.int64)])
        n_articles = len(flat) // 2
        article = np.repeat(np.arange(n_articles), np.diff(ends[1::2], prepend=0))

        df = _document_frequency(article[ids >= 0], ids[ids >= 0], len(numbers))
        names = np.array(list(numbers), dtype=object)
        kept = np.flatnonzero((df >= self.min_df) & (df <= self.max_df * n_articles))
        kept = kept[np.argsort(names[kept])]
        if not len(kept):
            raise InputError(
                f"no stem stands in at least {self.min_df} (min_df) and at most {self.max_df:.0%} (max_df) of the "
                f"{n_articles} articles; give more text or lower min_df"
            )
        self.stems_ = [str(name) for name in names[kept]]
        renumber = np.full(len(numbers) + 2, UNKNOWN)
        renumber[EMPTY] = EMPTY
        renumber[kept] = np.arange(len(kept))
        ids = renumber[ids]
        self.pair_keys_ = self._frequent_pairs(ids, ends)
        self._compile()

        part, term, _ = self._count(ids, ends)
        field = part % len(FIELDS)
        n_terms = len(self.stems_) + len(self.pair_keys_)
        field_df = np.stack([np.bincount(term[field == f], minlength=n_terms) for f in range(len(FIELDS))])
        has_column = field_df >= np.array([[self.title_min_df], [1], [1]])
        has_column[FIELDS.index("lead"), len(self.stems_) :] = False  # pairs of the lead pay for nothing
        self.columns_ = np.full(field_df.shape, -1, np.int32)
        self.columns_[has_column] = np.arange(has_column.sum())
        self.idf_ = (np.log((1 + n_articles) / (1 + field_df[has_column])) + 1).astype(np.float32)
        return self

    def fit_transform(self, X: Sequence[Article | str], y: object = None) -> csr_array:
        """Fit, then return the rows of the same articles.

        Parameters
        ----------
        X : sequence of n_articles Article or str
        y : ignored

        Returns
        -------
        csr_array of shape (n_articles, n_columns), float32

        Raises
        ------
        InputError
            As `fit` does.
        """
        return self.fit(X).transform(X)

    def transform(self, X: Iterable[Article | str]) -> csr_array:
        """Return a row of term weights for each article.

        Parameters
        ----------
        X : iterable of n_articles Article or str

        Returns
        -------
        csr_array of shape (n_articles, n_columns), float32
        """
        from scipy.sparse import csr_array

        self._check_fitted()
        articles = Article.each(X)
        rows = []
        while batch := list(islice(articles, _BATCH)):
            rows.append(self._kernel_rows(batch) if _kernel_pays(len(batch)) else self._rows(batch))
        indptr, indices, data = rows[0] if len(rows) == 1 else _joined(rows)
        return csr_array((data, indices, indptr), shape=(len(indptr) - 1, len(self.idf_)))

    def warm_up(self) -> None:
        """Load the compiled kernel now, if it is installed, and not only after `KERNEL_AFTER` articles."""
        self._check_fitted()
        if _kernel_pays(KERNEL_AFTER):
            self.transform(["kata"])

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Return the name of each column.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of shape (n_columns,), object
            Field and term, such as 'title: bea cukai'.
        """
        self._check_fitted()
        left, right = np.divmod(self.pair_keys_, len(self.stems_))
        terms = self.stems_ + [f"{self.stems_[a]} {self.stems_[b]}" for a, b in zip(left, right, strict=True)]
        names = np.empty(len(self.idf_), dtype=object)
        for field, columns in zip(FIELDS, self.columns_, strict=True):
            for term in np.flatnonzero(columns >= 0):
                names[columns[term]] = f"{field}: {terms[term]}"
        return names

    def locate(self, text: str, field: str) -> dict[int, list[tuple[int, int]]]:
        """Return where the terms of a cleaned field stand.

        Parameters
        ----------
        text : str
            The field, as `cleaned_fields` gives it.
        field : str
            'title', 'lead' or 'text': whose columns to look for.

        Returns
        -------
        dict of int to list of (int, int)
            By column, where its term starts and ends in `text`, in characters.
        """
        columns = self.columns_[FIELDS.index(field)]
        n_stems = len(self.stems_)
        places: dict[int, list[tuple[int, int]]] = {}

        def note(term: int, start: int, end: int) -> None:
            if columns[term] >= 0:
                places.setdefault(int(columns[term]), []).append((start, end))

        words = tokenize(text)[: self.lead_words if field == "lead" else None]
        tokens = [(self._stem_ids[word.surface], word.start, word.end) for word in words]
        tokens = [token for token in tokens if token[0] != EMPTY]
        for stem, start, end in tokens:
            if stem != UNKNOWN:
                note(stem, start, end)
        for (left, start, _), (right, _, end) in pairwise(tokens):
            key = left * n_stems + right
            place = int(np.searchsorted(self.pair_keys_, key))
            if UNKNOWN not in (left, right) and place < len(self.pair_keys_) and self.pair_keys_[place] == key:
                note(n_stems + place, start, end)
        return places

    def _frequent_pairs(self, ids: Ints, ends: Ints) -> Ints:
        part, key, _ = _neighbours(*_present(ids, ends, self.lead_words), len(self.stems_))
        keys, key = np.unique(key, return_inverse=True)
        df = _document_frequency(part // 2, key, len(keys))
        frequent = np.flatnonzero(df >= self.min_df)
        if self.max_pairs is not None:
            frequent = np.sort(frequent[np.argsort(-df[frequent], kind="stable")[: self.max_pairs]])
        return keys[frequent]

    def set_vocabulary(self, stems: list[str], pairs: Ints, columns: Ints, idf: Floats) -> Self:
        """Take over a learned vocabulary instead of fitting one.

        Parameters
        ----------
        stems : list of n_stems str
        pairs : ndarray of shape (n_pairs,), int64
        columns : ndarray of shape (n_fields, n_terms), int32
        idf : ndarray of shape (n_columns,), float32
            What becomes `stems_`, `pair_keys_`, `columns_` and `idf_`.

        Returns
        -------
        self : TopicVectorizer
        """
        self.stems_, self.pair_keys_, self.columns_, self.idf_ = stems, pairs, columns, idf
        self._compile()
        return self

    def _compile(self) -> None:
        self._stem_ids = StemIds(self.stems_, default_stemmer())
        self._seen_pairs = np.zeros(1 << _FILTER_BITS, bool)
        self._seen_pairs[_mixed(self.pair_keys_)] = True
        self._kernel: Callable[[list[str]], Rows] | None = None

    def _rows(self, articles: list[Article]) -> Rows:
        """Return indptr, column indices and weights of the rows of a few articles."""
        words = [surfaces(part) for article in articles for part in cleaned_fields(article)]
        ends = np.cumsum(np.fromiter(map(len, words), np.int64, len(words)))
        ids = np.fromiter(map(self._stem_ids.__getitem__, chain.from_iterable(words)), np.int64, ends[-1])
        return self._weigh(*self._count(ids, ends), len(articles))

    def _kernel_rows(self, articles: list[Article]) -> Rows:
        """Return the same rows, by the compiled kernel."""
        texts = [part for article in articles for part in (article.title, article.text)]
        if self._kernel is None:
            with _interrupts_held():
                self._kernel = _kernel_of(self)
                return self._kernel(texts)
        return self._kernel(texts)

    def _count(self, ids: Ints, ends: Ints) -> tuple[Ints, Ints, Ints]:
        """Count the terms of titles and texts, which stand in `ids` by turns.

        Returns
        -------
        part, term, count : ndarrays
            Ascending by part and term; part 3 * i + f is field f of article i.
        """
        n_stems, n_terms = len(self.stems_), len(self.stems_) + len(self.pair_keys_)
        segment, ids, in_lead = _present(ids, ends, self.lead_words)
        known = ids >= 0
        together, key, pair_in_lead = _neighbours(segment, ids, in_lead, n_stems)
        hit = np.flatnonzero(self._seen_pairs[_mixed(key)])
        place = np.searchsorted(self.pair_keys_, key[hit])
        right = self.pair_keys_.take(place, mode="clip") == key[hit] if len(hit) else np.empty(0, bool)
        hit, place = hit[right], place[right]
        # Twice the term, and one more where it stands in the lead: the lead need not be sorted again.
        code = np.concatenate(
            [
                (segment[known] * n_terms + ids[known]) * 2 + in_lead[known],
                (together[hit] * n_terms + n_stems + place) * 2 + pair_in_lead[hit],
            ]
        )
        if len(ends) * n_terms * 2 < 1 << 31:
            code = code.astype(np.int32)  # sorts twice as fast
        code.sort()
        first = np.flatnonzero(np.diff(code >> 1, prepend=-1))
        if not len(first):
            return first, first, first
        count = np.diff(first, append=len(code))
        lead_count = np.add.reduceat(code & 1, first)
        segment, term = np.divmod(code[first] >> 1, n_terms)
        article, is_text = np.divmod(segment, 2)
        lead = np.flatnonzero(lead_count * is_text)
        part = np.concatenate([3 * article[lead] + 1, 3 * article + 2 * is_text])
        order = np.argsort(part, kind="stable")
        term, count = np.concatenate([term[lead], term]), np.concatenate([lead_count[lead], count])
        return part[order], term[order], count[order]

    def _weigh(self, part: Ints, term: Ints, count: Ints, n_articles: int) -> Rows:
        """Return indptr, column indices and weights of the rows."""
        columns = self.columns_[part % len(FIELDS), term]
        has_column = np.flatnonzero(columns >= 0)
        part, columns, count = part[has_column], columns[has_column], count[has_column]
        weights = _frequency(count.max(initial=0))[count - 1] * self.idf_[columns]
        norms = np.sqrt(np.bincount(part, weights * weights, n_articles * len(FIELDS)))
        scale = np.tile(self._lengths(), n_articles)
        np.divide(scale, norms, out=scale, where=norms > 0)
        indptr = np.zeros(n_articles + 1, np.int32)
        np.cumsum(np.bincount(part // len(FIELDS), minlength=n_articles), out=indptr[1:])
        return indptr, columns, (weights * scale[part]).astype(np.float32)

    def _lengths(self) -> Ints:
        """Return the length that each field's part of a row is scaled to."""
        return np.array([self.title_weight, self.lead_weight, 1.0])

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=[]),
            input_tags=InputTags(string=True, two_d_array=False),
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in _COMPILED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self.__sklearn_is_fitted__():
            self._compile()


def cleaned_fields(x: Article | str) -> tuple[str, str]:
    """Return title and text, cleaned; where there is no title, the headline that the text begins with stands in."""
    article = Article.of(x)
    title, text = clean_text(article.title), clean_text(article.text)
    return title if title.strip() else leading_headline(text), text


def _present(ids: Ints, ends: Ints, lead_words: int) -> tuple[Ints, Ints, Ints]:
    """Return, of what carries anything: the segment, the id, and whether it is among the first words of its segment."""
    lengths = np.diff(ends, prepend=0)
    segment = np.repeat(np.arange(len(ends)), lengths)
    in_lead = np.arange(len(ids)) < (ends - lengths + lead_words)[segment]
    present = ids != EMPTY
    return (segment, ids, in_lead) if present.all() else (segment[present], ids[present], in_lead[present])


def _neighbours(segment: Ints, ids: Ints, in_lead: Ints, n_stems: int) -> tuple[Ints, Ints, Ints]:
    """Return segment, pair key and place of each two known stems that stand side by side."""
    place = np.flatnonzero((segment[:-1] == segment[1:]) & (ids[:-1] >= 0) & (ids[1:] >= 0))
    return segment[place], ids[place] * n_stems + ids[place + 1], in_lead[place + 1]


def _mixed(keys: Ints) -> Ints:
    """Hash pair keys to the bits of a filter that says which pairs cannot be terms."""
    return (keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _FILTER_BITS)


def _frequency(longest: int) -> Ints:
    """Return the weight of a term that stands there once, twice, ..., `longest` times."""
    return 1 + np.log(np.arange(1, longest + 1))


def _joined(rows: list[Rows]) -> Rows:
    starts = np.cumsum([0] + [indptr[-1] for indptr, _, _ in rows])
    indptr = [(indptr[1:] + start).astype(np.int32) for (indptr, _, _), start in zip(rows, starts, strict=False)]
    return (
        np.concatenate([np.zeros(1, np.int32), *indptr]),
        np.concatenate([indices for _, indices, _ in rows] or [np.empty(0, np.int32)]),
        np.concatenate([data for _, _, data in rows] or [np.empty(0, np.float32)]),
    )


_articles_met = 0


def _kernel_pays(n_articles: int) -> bool:
    """Whether this process has met so many articles that loading the kernel pays, and it can be loaded."""
    global _articles_met  # noqa: PLW0603 - numba is loaded once a process, not once a vectoriser
    _articles_met += n_articles
    return _articles_met >= KERNEL_AFTER and _has_kernel()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while compiled code is loaded: numba's C code would swallow it, and the run would go on."""
    if current_thread() is not main_thread():
        yield
        return
    met: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: met.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
    if met:
        signal.raise_signal(signal.SIGINT)


@cache
def _has_kernel() -> bool:
    try:
        with _interrupts_held():
            import_module("beritaclass.kernel")
    except ImportError:  # the extra `fast` is not installed, or numba does not work with this numpy
        return False
    return True


def _kernel_of(vectorizer: TopicVectorizer) -> Callable[[list[str]], Rows]:
    """Return the compiled way from titles and texts, by turns, to rows."""
    from beritaclass import kernel
    from beritaclass.preprocessing.scanning import default_cleaner, ends_of

    cleaner = default_cleaner()
    resolve = vectorizer._stem_ids.resolve
    table = kernel.WordTable(cleaner.symbol, lambda word: resolve(word.translate(cleaner.folded).decode("ascii")))
    pairs = kernel.PairTable(np.require(vectorizer.pair_keys_, np.int64, ["C", "W"])).arrays
    columns = np.array(vectorizer.columns_.T, np.int32, order="C")
    idf = np.where(columns >= 0, vectorizer.idf_[columns], np.float32(0))
    n_stems = len(vectorizer.stems_)
    lock = Lock()

    def rows_of(texts: list[str]) -> Rows:
        cleaned, codes = cleaner.clean(texts)
        for i in range(0, len(texts), 2):
            if not cleaned[i].strip():
                codes[i] = cleaner.encode(leading_headline(cleaned[i + 1]))
        with lock:  # the table is filled as words are met
            ids, ends = table.read(b"".join(codes), ends_of(codes))
        frequency = _frequency(np.diff(ends, prepend=0).max(initial=0))
        lengths = vectorizer._lengths()
        rows: Rows = kernel.weigh(ids, ends, vectorizer.lead_words, n_stems, pairs, columns, idf, frequency, lengths)
        return rows

    return rows_of


def _document_frequency(article: Ints, term: Ints, n_terms: int) -> Ints:
    return np.bincount(np.unique(article * n_terms + term) % max(n_terms, 1), minlength=n_terms)
