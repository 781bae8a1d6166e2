"""Tags the rows of a data frame: pandas in, pandas out; polars and pyarrow tables too."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from beritaclass.article import Article
from beritaclass.bundle import load
from beritaclass.classifier import TopicClassifier
from beritaclass.errors import InputError
from beritaclass.io.fields import Fields, find_fields

Frame = TypeVar("Frame")


def tag_frame(
    frame: Frame,
    *,
    text: str | None = None,
    title: str | None = None,
    model: TopicClassifier | None = None,
    scores: bool = False,
) -> Frame:
    """Return the frame with a column 'tags': the topics of each row, the most probable first.

    Parameters
    ----------
    frame : pandas, polars or pyarrow table
        It is not changed; a pandas index is kept.
    text, title : str, optional
        Columns of the body and of the headline; by default those that have a usual name, such as 'isi' and 'judul', as
        in `read_articles`. A missing value counts as an empty text, and a frame may lack headlines.
    model : TopicClassifier, optional
        The shipped one if none is given.
    scores : bool, default False
        Whether to add a column 'score_<topic>' with the probability of each topic.

    Returns
    -------
    the same kind of table
        The rows and columns of `frame`, and the new columns.

    Raises
    ------
    InputError
        If it is no such table, or a column is missing, would be written over, or holds something else than strings.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"isi": ["Timnas Indonesia menang 2-0 atas Vietnam dalam laga Piala AFF di Jakarta."]})
    >>> tag_frame(df).tags[0]
    ['olahraga', 'sepak-bola']
    """
    import narwhals as nw

    tagger = model if model is not None else load()
    try:
        table: Any = nw.from_native(cast(Any, frame), eager_only=True)
        names = table.columns
    except (TypeError, nw.exceptions.NarwhalsError) as error:
        raise InputError(
            f"expected a pandas or polars DataFrame or a pyarrow Table, each column with a name of its own, "
            f"got {type(frame).__name__}{f': {error}' if isinstance(error, nw.exceptions.DuplicateError) else ''}; "
            "for texts alone there is tag_batch(), and a lazy frame must be collected first"
        ) from None
    new = ["tags", *(f"score_{topic}" for topic in tagger.classes_ if scores)]
    for column in (name for name in (text, title) if name is not None):
        if not isinstance(column, str):
            raise InputError(f"text= and title= name columns by strings, got {column!r}; rename the column")
        if column not in names:
            raise InputError(
                f"no column {column!r}; there are {', '.join(map(repr, names))}; name it by text= or title="
            )
    found = find_fields(Fields(text=text, title=title), tuple(name for name in names if isinstance(name, str)))
    if "text" not in found:
        raise InputError(f"no column for the text; there are {', '.join(map(repr, names))}; name it by text=")
    if taken := [column for column in new if column in names]:
        raise InputError(f"the frame already has the column {taken[0]!r}; rename or drop it first")

    bodies = _strings(table, found["text"])
    titles = _strings(table, found["title"]) if "title" in found else [""] * len(bodies)
    articles = (Article(text=body, title=headline) for body, headline in zip(bodies, titles, strict=True))
    tagged = list(tagger.pipe(articles, scores=scores))
    backend = table.implementation
    columns = [
        nw.new_series("tags", [[tag.topic for tag in t.tags] for t in tagged], _list_type(nw, backend), backend=backend)
    ]
    if scores:
        columns += [
            nw.new_series(f"score_{topic}", [(t.scores or {})[topic] for t in tagged], nw.Float64(), backend=backend)
            for topic in tagger.classes_.tolist()
        ]
    if backend.is_pandas_like():
        index = nw.maybe_get_index(table)
        columns = [nw.maybe_set_index(column, index=index) for column in columns]
    return cast(Frame, table.with_columns(*columns).to_native())


def _list_type(nw: Any, backend: Any) -> Any:
    """Return the type of lists of strings: pandas has none but objects."""
    return nw.Object() if backend.is_pandas_like() else nw.List(nw.String())


def _strings(table: Any, name: str) -> list[str]:
    values: list[Any] = table[name].to_list()
    for row, (value, missing) in enumerate(zip(values, table[name].is_null().to_list(), strict=True)):
        if missing:
            values[row] = ""
        elif not isinstance(value, str):
            raise InputError(
                f"column {name!r}, row {row}: expected a string, found {type(value).__name__} {value!r:.60}"
            )
    return values
