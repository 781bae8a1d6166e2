"""Tags a chunk of a table: what the engines carry to where the data are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beritaclass import bundle
from beritaclass._resources import model_path
from beritaclass.batch import Options, Row, tag_records
from beritaclass.classifier import TopicClassifier
from beritaclass.errors import RecordError
from beritaclass.io.fields import Fields
from beritaclass.io.readers import Raw
from beritaclass.io.writers import check_keep

if TYPE_CHECKING:
    import pandas as pd


@cache
def load_once(model: str | None) -> TopicClassifier:
    """Load a model once a process."""
    return bundle.load(model)


def as_options(fields: Fields, scores: bool, keep: Sequence[str]) -> Options:
    """Return the options of a chunk.

    Raises
    ------
    InputError
        If a field to keep has the name of a column of the output.
    """
    check_keep(keep, ("id", "tags", "scores", "reject"))
    return Options(fields, scores, tuple(dict.fromkeys(keep)))


def columns(options: Options) -> list[str]:
    """Return the names of the columns of the output."""
    return ["id", "tags", *(["scores"] if options.scores else []), *options.keep, "reject"]


def topics_of(model: str | Path | None) -> list[str]:
    """Return the topics of a model without loading it."""
    return list(bundle.read_manifest(Path(model) if model is not None else model_path())["topics"])


def tag_rows(records: Iterable[dict[str, Any]], model: str | Path | None, options: Options) -> list[Row]:
    """Return a row for each record; one that cannot be tagged has no tags and says why in 'reject'."""
    records = list(records)
    if not records:
        return []
    results = tag_records(load_once(str(model) if model else None), [Raw(record) for record in records], options)
    rows = []
    for record, result in zip(records, results, strict=True):
        row: Row = dict.fromkeys(columns(options))
        if isinstance(result, RecordError):
            kept = {name: record.get(name) for name in options.keep}
            rows.append(row | kept | {"id": options.fields.identity(record), "reject": result.reason})
        else:
            rows.append(row | result)
    return rows


def tag_frame(
    frame: pd.DataFrame, model: str | Path | None, options: Options, types: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Return the rows of a pandas frame, under the same index; `types` by column, object where it names none."""
    import pandas as pd

    rows = tag_rows(frame.to_dict("records"), model, options)  # type: ignore[arg-type] # names of columns are strings
    return pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], index=frame.index, dtype=(types or {}).get(name, object))
            for name in columns(options)
        }
    )
