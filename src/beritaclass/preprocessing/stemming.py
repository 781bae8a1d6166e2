"""Words to stems: a table of the known words, reviewed overrides, and Sastrawi for the words nobody has seen.

>>> stemmer = default_stemmer()
>>> [stemmer.stem(word) for word in ("mempertanggungjawabkan", "perbankan", "anak-anaknya", "bekasi", "2026", "-")]
['tanggungjawab', 'bank', 'anak', 'bekasi', '0', '']

Sastrawi is the confix-stripping stemmer of Adriani, Asian, Nazief, Tahaghoghi & Williams (2007), "Stemming
Indonesian: A confix-stripping approach", amended by Asian (2007) and Arifin, Mahendra & Ciptaningtyas (2009).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from beritaclass._resources import data_path
from beritaclass.errors import ConflictError, InputError

TABLE_HEADER = "# beritaclass stem table 1"
OVERRIDES_HEADER = "# beritaclass stem overrides 1"
NUMBER = "0"
"""Stem of every number."""
NO_ROOT = "-"
"""Stands in the overrides for the stem of a word that Sastrawi must not take for a root."""

_MEMO_LIMIT = 100_000
_LONGEST_WORD = 60  # what is longer is a link or a checksum
_MONEY = re.compile(r"(rp|idr|usd|us|s)\d+")
_CLITICS = ("nya", "lah", "kah", "pun", "ku", "mu")
_ENDINGS = ("an", "nya", "lah", "kah", "pun", "ku", "mu")
_HYPHENATED_ENDING = re.compile("nya|lah|kah|tah|pun|ku|mu|an|kan")
_HYPHENATED_PREFIX = re.compile(
    "di|ke|se|ku|kau|me|mem|men|meng|meny|menge|nge|ng|ny|be|ber|te|ter|pe|pem|pen|peng|peny|per|memper|diper|"
    "mantan|eks|ex|si|sang"
)
_BOUND_FORM = re.compile(
    "adi|anti|antar|bi|de|dis|dwi|ekstra|hiper|in|infra|inter|intra|ko|kontra|maha|makro|mega|mikro|mini|mono|multi|neo|"
    "nir|non|pan|para|pasca|poli|pra|pro|purna|re|semi|serba|sub|super|swa|tele|trans|tri|tuna|ultra|uni"
)
_MAY_BE_AFFIXED = re.compile(
    r"^(?:be|di|ke|me|n[gy]|pe|se|te|ku|kau|.(?:er|el|em|in)[aiueo])|(?:[lkt]ah|pun|[km]u|nya|i|is|isme|an|in)$"
)
_PREFIXES = re.compile(r"(?:di|ke|se|ku|kau|[bmpt]?e(?:ng|ny|[lmnr])?|au?|u|n[gy]e?)*")  # 'e', 'u': a lost k, p, s, t
_SUFFIX_LAYERS = (("lah", "kah", "tah", "pun"), ("ku", "mu", "nya"), ("an", "i", "in", "is", "kan", "isme", "isasi"))
_INFIXES = ("er", "el", "em", "in")


class Stemmer:
    """Finds the stem of a word; a word is stemmed once and remembered.

    Parameters
    ----------
    exceptions : mapping of str to str, optional
        Your own words and their stems, as they are folded by `tokenize`; they go before everything shipped.

    Raises
    ------
    InputError
        If `exceptions` maps anything but words to words.

    Notes
    -----
    Instances may be shared by threads and travel to other processes; the answer never depends on what was asked before.
    """

    def __init__(self, exceptions: Mapping[str, str] | None = None) -> None:
        self.exceptions = dict(exceptions or {})
        for surface, stem in self.exceptions.items():
            if not (isinstance(surface, str) and isinstance(stem, str)):
                raise InputError(f"exceptions must map words to stems, both strings, got {surface!r}: {stem!r}")
        self._memo: dict[str, str] = {}

    @cached_property
    def _known(self) -> dict[str, str]:
        return read_stem_table() | self.exceptions if self.exceptions else read_stem_table()

    def __reduce__(self) -> tuple[Any, ...]:
        # The tables are read at the other end, and the memo fills itself.
        return (Stemmer, (self.exceptions,)) if self.exceptions else (default_stemmer, ())

    def stem(self, surface: str) -> str:
        """Return the stem of a word as `surfaces` gives it; '' if it carries nothing, '0' for a number."""
        stem = self._known.get(surface)
        if stem is None:
            stem = self._memo.get(surface)
            if stem is None:
                stem = self.derive(surface)
                if len(self._memo) >= _MEMO_LIMIT:  # emptying costs less than keeping an order
                    self._memo.clear()
                self._memo[surface] = stem
        return stem

    def stems(self, surfaces: Iterable[str]) -> list[str]:
        """Return the stems of many words, one for each."""
        stem = self.stem
        return [stem(surface) for surface in surfaces]

    def derive(self, surface: str) -> str:
        """Work out a stem without looking it up: what the table is built with, and what unseen words get."""
        word = surface.strip("-'").replace("'", "")
        if word in self.exceptions:
            return self.exceptions[word]
        if len(word) > _LONGEST_WORD:
            return ""
        if "-" in word:
            return _stem_hyphenated([part for part in word.split("-") if part])
        return _stem_word(word)


@lru_cache(maxsize=1)
def default_stemmer() -> Stemmer:
    """Return the stemmer of the shipped tables; the same one each time."""
    return Stemmer()


def _listed(word: str) -> str | None:
    return read_overrides().get(word)


def _stem_word(word: str) -> str:
    listed = _listed(word)
    if listed is not None:
        return listed
    if not word.isalpha():
        return _stem_with_digits(word)
    if not _MAY_BE_AFFIXED.search(word):
        return word
    is_root, stem_word = _sastrawi()
    if is_root(word):
        return word
    for clitic in _CLITICS:
        if word.endswith(clitic):
            listed = _listed(word[: -len(clitic)])
            if listed is not None:
                return listed
    stem = stem_word(word)
    return _listed(stem) or stem  # bernafas is nafas, and that is napas


def _stem_hyphenated(parts: list[str]) -> str:
    """One stem for what hyphens join; each step takes something off or decides."""
    if len(parts) == 1:
        return _stem_word(parts[0])
    first, last, whole = parts[0], parts[-1], "-".join(parts)
    if all(part.isdigit() for part in parts):  # 2-1, 2019-2024
        return NUMBER
    listed = _listed(whole)
    if listed is not None:
        return listed
    is_root, _ = _sastrawi()
    if is_root(whole):  # gado-gado
        return whole
    if _HYPHENATED_ENDING.fullmatch(last):  # kpk-nya, 1990-an
        return _stem_hyphenated(parts[:-1])
    if _HYPHENATED_PREFIX.fullmatch(first):  # di-upload, se-indonesia, ke-2
        return _stem_hyphenated(parts[1:])
    if _BOUND_FORM.fullmatch(first) and not last.isdigit():  # anti-korupsi is antikorupsi
        return _stem_hyphenated([first + parts[1], *parts[2:]])
    if last.isdigit() and len(whole) - len(last) > 3:  # covid-19, but u-23
        return _stem_hyphenated(parts[:-1])
    if len(parts) == 2:
        return _stem_pair(first, last) or whole
    return whole


def _stem_pair(first: str, last: str) -> str | None:
    """Stem of a reduplication; None for two different words."""
    for clitic in _CLITICS:
        bare = last.removesuffix(clitic)
        listed = _listed(f"{first}-{bare}")
        if listed is not None:  # undang-undangnya
            return listed
    stem = _stem_word(first)
    if first == last or stem in (_stem_word(last), _stem_word("me" + last)):
        return stem  # anak-anak; besar-besaran; meniru-nirukan
    return None


def _stem_with_digits(word: str) -> str:
    """'0' for a number and what hangs on it (17an, 2nya), the currency for money; else the word: g20, 5g, covid19."""
    if not word or word.isdigit():
        return NUMBER if word else ""
    money = _MONEY.fullmatch(word)
    if money:
        return money[1]
    letters = word.lstrip("0123456789")
    return NUMBER if _HYPHENATED_ENDING.fullmatch(letters) else word


def _read(name: str, header: str) -> list[str]:
    path = data_path(name)
    first, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    if first.partition(":")[0] != header:
        raise InputError(
            f"{path}: expected a file that begins '{header}', found {first[:60]!r}; "
            "it is damaged or belongs to another version of beritaclass: install beritaclass again"
        )
    return lines


@lru_cache(maxsize=1)
def read_stem_table() -> dict[str, str]:
    """Return the shipped table, surface → stem.

    A line holds a stem and the other words that have it: 'tunda ditunda menunda penundaan'. After an empty line
    follow the words that are their own stem and nobody else's, such as names. A stem is always its own stem.

    Raises
    ------
    InputError
        If the file is not of the format and version that this release reads.
    """
    lines = _read("stems.txt", TABLE_HEADER)
    middle = lines.index("")
    alone = lines[middle + 1 :]
    table = dict(zip(alone, alone, strict=True))
    for line in lines[:middle]:
        words = line.split()
        table.update(dict.fromkeys(words, words[0]))
    return table


@lru_cache(maxsize=1)
def read_overrides() -> dict[str, str]:
    """Return the reviewed overrides, surface → stem; a word that is no root stays whole itself.

    A row of the file is a surface, its stem and the reason. Two kinds of row also amend Sastrawi's root list, so that
    they work for every word built on the root: a reason that begins with 'root' adds the stem; the stem '-' takes the
    surface away ('ampo' is a word, but in a newspaper perampokan comes from rampok).

    Raises
    ------
    InputError
        If the file is not of the format and version that this release reads.
    """
    rows = (line.split("\t") for line in _read("stem_overrides.tsv", OVERRIDES_HEADER))
    return {surface: surface if stem == NO_ROOT else stem for surface, stem, _ in rows}


def _may_hold_root(word: str, is_root: Callable[[str], bool]) -> bool:
    """Whether a root is left of a word when prefixes, suffixes and infixes that Sastrawi knows are taken off.

    Most unseen words are names and hold none: this says so twenty times faster than Sastrawi.
    """
    ends = [len(word)]
    for layer in _SUFFIX_LAYERS:
        ends += [end - len(suffix) for end in ends for suffix in layer if word.endswith(suffix, 0, end)]
    for start in range(min(len(word) - 1, 12)):
        if _PREFIXES.fullmatch(word, 0, start):
            for end in ends:
                rest = word[start:end]
                if is_root(rest) or (rest[1:3] in _INFIXES and is_root(rest[0] + rest[3:])):
                    return True
                if start and any(is_root(lost + rest) for lost in "kpst"):  # memakai: me(m) + pakai
                    return True
    return False


@lru_cache(maxsize=1)
def _sastrawi() -> tuple[Callable[[str], bool], Callable[[str], str]]:
    """Return 'is it a root?' and 'what is its stem?', both with Sastrawi's root list amended.

    Sastrawi is imported when the first unseen word arrives: three tokens in a thousand need it.
    """
    check_sastrawi(version)
    from Sastrawi.Dictionary.ArrayDictionary import ArrayDictionary
    from Sastrawi.Stemmer.Context.Context import Context
    from Sastrawi.Stemmer.Stemmer import Stemmer as Sastrawi
    from Sastrawi.Stemmer.StemmerFactory import StemmerFactory

    roots = ArrayDictionary(StemmerFactory().get_words())
    for line in _read("stem_overrides.tsv", OVERRIDES_HEADER):
        surface, stem, reason = line.split("\t")
        if stem == NO_ROOT:
            roots.words.pop(surface, None)
        elif reason.startswith("root"):
            roots.add(stem)
    known: Callable[[str], bool] = roots.contains
    sastrawi = Sastrawi(roots)

    def stem_word(word: str) -> str:
        if known(word) or len(word) <= 3 or not _may_hold_root(word, known):
            return word
        if not word.endswith(_ENDINGS):  # menikah is me-nikah, not meni-kah; berbasis is ber-basis, not bas-is
            prefixes = Context(word, roots, sastrawi.visitor_provider)
            prefixes.remove_prefixes()
            if known(prefixes.current_word):
                return str(prefixes.current_word)
        if word.endswith("nya"):  # membelinya is membeli-nya, not bel-i-nya
            stem = stem_word(word[:-3])
            if known(stem):
                return stem
        stem = str(sastrawi.stem_singular_word(word))
        return stem if known(stem) else _stem_colloquial(word)

    def _stem_colloquial(word: str) -> str:
        """Jakarta's verbs: ngobrol is mengobrol, jawabin is jawab."""
        bare = word.removesuffix("in")
        if bare != word and len(bare) > 3:
            stem = bare if known(bare) else _stem_colloquial(bare)
            if known(stem):
                return stem
        if word.startswith("nge") and known(word[3:]):
            return word[3:]
        if word.startswith(("ng", "ny")) and len(word) > 4:
            stem = str(sastrawi.stem_singular_word("me" + word))
            if known(stem):
                return stem
        return word

    return known, stem_word


def check_sastrawi(version_of: Callable[[str], str]) -> None:
    """Refuse the abandoned `Sastrawi`: it shares its import name with `PySastrawi`.

    Parameters
    ----------
    version_of : callable
        `importlib.metadata.version`.

    Raises
    ------
    ConflictError
        If it is installed.
    """
    try:
        found = version_of("Sastrawi")
    except PackageNotFoundError:
        return
    raise ConflictError(
        f"the distribution 'Sastrawi' {found} is installed; it has the import name of 'PySastrawi' and is a thousand "
        "times slower. beritaclass needs PySastrawi alone: "
        "pip uninstall -y Sastrawi PySastrawi && pip install PySastrawi"
    )
