"""Builds data/stems.txt, the table of known surfaces and their stems, from the words of the corpus and the overrides.

python tools/build_stem_table.py            writes the table
python tools/build_stem_table.py --check    fails if the committed table is not what a rebuild gives
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from beritaclass.preprocessing.stemming import NUMBER, TABLE_HEADER, Stemmer
from beritaclass.preprocessing.tokenization import surfaces

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus" / "articles.jsonl.gz"
TABLE = ROOT / "data" / "stems.txt"
MIN_COUNT = 2
LONGEST = 30
"""Longer words are links and words glued together."""


def read_texts(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            article = json.loads(line)
            yield unicodedata.normalize("NFKC", f"{article['title']}\n{article['text']}")


def count_surfaces(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(surfaces(text))
    return counts


def build_table(counts: Counter[str]) -> str:
    """Return the text of the table; the same for the same words, whatever their order."""
    stemmer = Stemmer()
    groups: dict[str, set[str]] = defaultdict(set)
    for surface, count in counts.items():
        if count >= MIN_COUNT and len(surface) <= LONGEST and surface == surface.strip("-'"):
            stem = stemmer.derive(surface)
            if stem not in ("", NUMBER) and len(stem) <= LONGEST:
                groups[stem].add(surface)
    astray = sorted(stem for stem in groups if stemmer.derive(stem) != stem)
    if astray:
        raise SystemExit(f"these stems are not their own stems, an override must say which it is: {', '.join(astray)}")
    lines = [" ".join([stem, *sorted(words - {stem})]) for stem, words in sorted(groups.items())]
    several = [line for line in lines if " " in line]
    alone = [line for line in lines if " " not in line]
    header = f"{TABLE_HEADER}: a stem and the words that have it; then the words that stand alone"
    return "\n".join([header, *several, "", *alone]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="articles, gzipped JSON lines (%(default)s)")
    parser.add_argument("--check", action="store_true", help="compare with the committed table instead of writing it")
    args = parser.parse_args()
    if not args.corpus.exists():
        print(f"{args.corpus} is not there: nothing to build from, nothing checked", file=sys.stderr)
        return 1
    table = build_table(count_surfaces(read_texts(args.corpus)))
    if not args.check:
        TABLE.write_text(table, encoding="utf-8")
        print(f"{TABLE.relative_to(ROOT)}: {len(table.split()):,} words, {len(table.encode()) / 1e6:.2f} MB")
        return 0
    committed = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    if committed == table:
        print(f"{TABLE.relative_to(ROOT)} is what a rebuild gives")
        return 0
    changed = sorted(set(table.splitlines()) ^ set(committed.splitlines()))
    print(
        f"{TABLE.relative_to(ROOT)} differs from a rebuild in {len(changed)} lines, first {changed[:3]}",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
