"""Tags a Spark DataFrame, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beritaclass.distributed.chunks import as_options, columns, tag_frame, topics_of
from beritaclass.errors import import_extra
from beritaclass.io import Fields

if TYPE_CHECKING:
    import pandas as pd


def tag(
    frame: Any,
    *,
    model: str | Path | None = None,
    fields: Fields = Fields(),  # noqa: B008 - frozen
    scores: bool = False,
    keep: Sequence[str] = (),
) -> Any:
    """Tag the articles of a Spark DataFrame; nothing is computed before it is asked for.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        A row an article.
    model : str or Path, optional
        Folder of a model that every executor can read; the shipped one if none is given.
    fields : Fields
        What the columns are called, where the usual names do not find them.
    scores : bool, default False
        Whether to add the probability of every topic.
    keep : sequence of str, default ()
        Columns to carry along.

    Returns
    -------
    pyspark.sql.DataFrame
        id, tags (array of struct of topic and probability), scores? (a struct of all topics), kept columns, and
        'reject': why a row has no tags, else null. It has as many rows as the input.

    Raises
    ------
    MissingExtraError
        If PySpark is not installed.
    """
    types = import_extra("pyspark.sql.types", extra="spark", feature="tagging with Spark")
    options = as_options(fields, scores, keep)
    string, double = types.StringType(), types.DoubleType()
    tags = types.ArrayType(types.StructType().add("topic", string).add("probability", double))
    known = {"tags": tags}
    if scores:
        known["scores"] = types.StructType([types.StructField(topic, double) for topic in topics_of(model)])
    known |= {column.name: column.dataType for column in frame.schema if column.name in options.keep}
    schema = types.StructType([types.StructField(name, known.get(name, string)) for name in columns(options)])

    def tag_batches(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            yield tag_frame(batch, model, options)

    return frame.mapInPandas(tag_batches, schema)
