"""Tags a Dask DataFrame or bag, partition by partition."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from beritaclass.batch import Options
from beritaclass.distributed.chunks import as_options, columns, tag_frame, tag_rows, topics_of
from beritaclass.errors import InputError, import_extra
from beritaclass.io import Fields


def tag(
    collection: Any,
    *,
    model: str | Path | None = None,
    fields: Fields = Fields(),  # noqa: B008 - frozen
    scores: bool = False,
    keep: Sequence[str] = (),
) -> Any:
    """Tag the articles of a Dask collection; nothing is computed before it is asked for.

    Parameters
    ----------
    collection : dask.dataframe.DataFrame or dask.bag.Bag of dict
        A row or an item an article.
    model : str or Path, optional
        Folder of a model that every worker can read; the shipped one if none is given.
    fields : Fields
        What the columns are called, where the usual names do not find them.
    scores : bool, default False
        Whether to add the probability of every topic.
    keep : sequence of str, default ()
        Columns to carry along.

    Returns
    -------
    the same kind of collection
        id, tags (list of {"topic", "probability"}), scores?, kept columns, and 'reject': why a row has no tags, else
        None. It has as many rows as the input, and a frame keeps its index. Its columns have Arrow's types, so that
        `to_parquet` works as it is; pandas and Dask read such a file with ``dtype_backend="pyarrow"``.

    Raises
    ------
    InputError
        If it is neither a DataFrame nor a bag.
    MissingExtraError
        If Dask is not installed.
    """
    options = as_options(fields, scores, keep)
    if isinstance(collection, import_extra("dask.bag", extra="dask", feature="tagging with Dask").Bag):
        return collection.map_partitions(partial(tag_rows, model=model, options=options))
    if isinstance(collection, import_extra("dask.dataframe", extra="dask", feature="tagging with Dask").DataFrame):
        types = _types(collection._meta.dtypes.to_dict(), model, options)
        meta = tag_frame(collection._meta, model, options, types)
        return collection.map_partitions(tag_frame, model, options, types, meta=meta)
    raise InputError(f"expected a Dask DataFrame or bag, got {type(collection).__name__}")


def _types(given: dict[str, Any], model: str | Path | None, options: Options) -> dict[str, Any]:
    """Return the type of each column: those of Arrow, which Parquet knows, and of kept columns their own."""
    import pandas as pd
    import pyarrow as pa

    tag = pa.struct([("topic", pa.string()), ("probability", pa.float64())])
    types = dict.fromkeys(columns(options), pd.ArrowDtype(pa.string()))
    types |= {name: given[name] for name in options.keep if name in given}
    types["tags"] = pd.ArrowDtype(pa.list_(tag))
    if options.scores:
        types["scores"] = pd.ArrowDtype(pa.struct([(topic, pa.float64()) for topic in topics_of(model)]))
    return types
