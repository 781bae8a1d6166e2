"""Turns articles into rows of a matrix: TF-IDF of stems and stem pairs, title, lead and text apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
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

_MEMO_LIMIT = 500_000

Ints = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]


class StemIds(dict[str, int]):
    """Surface -> id of its stem; a surface not yet met is stemmed once and remembered, within a bound."""

    def __init__(self, stems: Sequence[str], stemmer: Stemmer) -> None:
        super().__init__()
        self._ids = {stem: i for i, stem in enumerate(stems)}
        self._stemmer = stemmer

    def __missing__(self, surface: str) -> int:
        stem = self._stemmer.stem(surface)
        found = self._ids.get(stem, UNKNOWN) if stem else EMPTY
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        self[surface] = found
        return found


class TopicVectorizer(Estimator):
    """TF-IDF over the stems and stem pairs of cleaned articles, with columns of their own for title, lead and text.

    News says first what it is about, so the words of the lead count once more, apart. Each field is weighted by sublinear term frequency, 1 + ln(count), and smoothed inverse document
    frequency, ln((1 + n) / (1 + df)) + 1, and scaled to unit length (Salton & Buckley 1988, in the variant of
    scikit-learn's TfidfVectorizer); then the title is multiplied by `title_weight` and the lead by `lead_weight`.

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

        Raises
        ------
        InputError
            If no stem is left: the articles are empty, or `min_df` is too high for them.
        """
        stem = default_stemmer().stem
        ids: dict[str, int] = {}
        flat, lengths = [], []
        for words in map(self._surfaces, X):
            for stems in ([s for s in map(stem, surfaces_) if s] for surfaces_ in words):
                flat.append(np.fromiter((ids.setdefault(s, len(ids)) for s in stems), np.int64, len(stems)))
                lengths.append(len(stems))
        n_articles = len(lengths) // len(FIELDS)
        stream = np.concatenate([*flat, np.empty(0, np.int64)])
        segment = np.repeat(np.arange(len(lengths)), lengths)

        df = _document_frequency(segment // len(FIELDS), stream, len(ids))
        names = np.array(list(ids), dtype=object)
        kept = np.flatnonzero((df >= self.min_df) & (df <= self.max_df * n_articles))
        kept = kept[np.argsort(names[kept])]
        if not len(kept):
            raise InputError(
                f"no stem stands in at least {self.min_df} (min_df) and at most {self.max_df:.0%} (max_df) of the "
                f"{n_articles} articles; give more text or lower min_df"
            )
        self.stems_ = [str(name) for name in names[kept]]
        renumber = np.full(len(ids), UNKNOWN)
        renumber[kept] = np.arange(len(kept))
        stream = renumber[stream]
        self.pair_keys_ = self._frequent_pairs(segment, stream)
        self._compile()

        where, term, _ = self._count(segment, stream)
        field = where % len(FIELDS)
        n_terms = len(self.stems_) + len(self.pair_keys_)
        field_df = np.stack([np.bincount(term[field == f], minlength=n_terms) for f in range(len(FIELDS))])
        has_column = field_df >= np.array([[self.title_min_df], [1], [1]])
        self.columns_ = np.full(field_df.shape, -1, np.int32)
        self.columns_[has_column] = np.arange(has_column.sum())
        self.idf_ = (np.log((1 + n_articles) / (1 + field_df[has_column])) + 1).astype(np.float32)
        return self

    def fit_transform(self, X: Sequence[Article | str], y: object = None) -> csr_array:
        """Fit, then return the rows of the same articles."""
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
        words = [surfaces_ for x in X for surfaces_ in self._surfaces(x)]
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        stream = np.fromiter(map(self._stem_ids.__getitem__, chain.from_iterable(words)), np.int64, lengths.sum())
        segment = np.repeat(np.arange(len(words)), lengths)
        present = stream != EMPTY
        indptr, columns, weights = self._weigh(*self._count(segment[present], stream[present]), len(words))
        return csr_array((weights, columns, indptr), shape=(len(words) // len(FIELDS), len(self.idf_)))

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Return the name of each column, such as 'title: bea cukai'."""
        self._check_fitted()
        left, right = np.divmod(self.pair_keys_, len(self.stems_))
        terms = self.stems_ + [f"{self.stems_[a]} {self.stems_[b]}" for a, b in zip(left, right, strict=True)]
        names = np.empty(len(self.idf_), dtype=object)
        for field, columns in zip(FIELDS, self.columns_, strict=True):
            for term in np.flatnonzero(columns >= 0):
                names[columns[term]] = f"{field}: {terms[term]}"
        return names

    def locate(self, text: str, field: str) -> dict[int, list[tuple[int, int]]]:
        """Return where the terms of a cleaned field stand: start and end offsets by column."""
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

    def _surfaces(self, x: Article | str) -> tuple[list[str], list[str], list[str]]:
        """Return the surface words of title, lead and text."""
        title, text = cleaned_fields(x)
        words = surfaces(text)
        return surfaces(title), words[: self.lead_words], words

    def _frequent_pairs(self, segment: Ints, stream: Ints) -> Ints:
        where, key = _neighbours(segment, stream, len(self.stems_))
        keys, key = np.unique(key, return_inverse=True)
        df = _document_frequency(where // len(FIELDS), key, len(keys))
        frequent = np.flatnonzero(df >= self.min_df)
        if self.max_pairs is not None:
            frequent = np.sort(frequent[np.argsort(-df[frequent], kind="stable")[: self.max_pairs]])
        return keys[frequent]

    def set_vocabulary(self, stems: list[str], pairs: Ints, columns: Ints, idf: Floats) -> Self:
        """Take over a learned vocabulary instead of fitting one; see the attributes."""
        self.stems_, self.pair_keys_, self.columns_, self.idf_ = stems, pairs, columns, idf
        self._compile()
        return self

    def _compile(self) -> None:
        self._stem_ids = StemIds(self.stems_, default_stemmer())

    def _count(self, segment: Ints, stream: Ints) -> tuple[Ints, Ints, Ints]:
        """Count the terms of each segment: (segment, term, count), ascending by segment and term."""
        n_stems, n_terms = len(self.stems_), len(self.stems_) + len(self.pair_keys_)
        known = stream >= 0
        together, key = _neighbours(segment, stream, n_stems)
        place = np.searchsorted(self.pair_keys_, key)
        place[place == len(self.pair_keys_)] = 0
        hit = self.pair_keys_[place] == key if len(self.pair_keys_) else np.zeros(len(key), bool)
        where = np.concatenate([segment[known], together[hit]])
        term = np.concatenate([stream[known], n_stems + place[hit]])
        codes, counts = np.unique(where * n_terms + term, return_counts=True)
        where, term = np.divmod(codes, n_terms)
        return where, term, counts

    def _weigh(self, where: Ints, term: Ints, counts: Ints, n_segments: int) -> tuple[Ints, Ints, Floats]:
        """Return indptr, column indices and weights of the rows."""
        columns = self.columns_[where % len(FIELDS), term]
        has_column = columns >= 0
        where, columns, counts = where[has_column], columns[has_column], counts[has_column]
        weights = (1 + np.log(counts)) * self.idf_[columns]
        norms = np.sqrt(np.bincount(where, weights * weights, n_segments))
        scale = np.tile([self.title_weight, self.lead_weight, 1.0], n_segments // len(FIELDS))
        np.divide(scale, norms, out=scale, where=norms > 0)
        per_article = np.bincount(where // len(FIELDS), minlength=n_segments // len(FIELDS))
        indptr = np.concatenate([[0], np.cumsum(per_article)]).astype(np.int32)
        return indptr, columns, (weights * scale[where]).astype(np.float32)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=[]),
            input_tags=InputTags(string=True, two_d_array=False),
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_stem_ids"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self.__sklearn_is_fitted__():
            self._compile()


def cleaned_fields(x: Article | str) -> tuple[str, str]:
    """Return title and text, cleaned; where there is no title, the headline that the text begins with stands in."""
    article = Article.of(x)
    title, text = clean_text(article.title), clean_text(article.text)
    return title if title.strip() else leading_headline(text), text


def _neighbours(segment: Ints, stream: Ints, n_stems: int) -> tuple[Ints, Ints]:
    """Return segment and pair key of each two known stems that stand side by side."""
    place = np.flatnonzero((segment[:-1] == segment[1:]) & (stream[:-1] >= 0) & (stream[1:] >= 0))
    return segment[place], stream[place] * n_stems + stream[place + 1]


def _document_frequency(article: Ints, term: Ints, n_terms: int) -> Ints:
    return np.bincount(np.unique(article * n_terms + term) % max(n_terms, 1), minlength=n_terms)
