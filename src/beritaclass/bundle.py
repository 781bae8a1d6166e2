"""Saves and loads models as folders of plain files that cannot run code.

A bundle holds

    manifest.json     format, version, parameters, provenance, how the training looked (for drift), and sha256, dtype
                      and shape of every file
    coef.npy          (n_columns, n_topics) float16 or float32
    topics.npy        (4 + n_places, n_topics) float64: intercept, slope, offset, threshold, shares of it by place
    columns.npy       (n_fields, n_terms) int32
    idf.npy           (n_columns,) float32
    pairs.npy         (n_pairs,) int64
    stems.txt         one stem a line
    topics.toml       the taxonomy, where the model has one
    CARD.md           for whom, trained on what, measured how, weak where

It is read in this order: manifest, version, names, hashes, shapes; only then is anything built from it.

Version 1 had no places. When the format changes: raise FORMAT_VERSION, keep reading the old ones by the manifest's
version, and add a test that reads a bundle of the old version from tests/bundles/.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from beritaclass._estimator import Estimator
from beritaclass._resources import model_path
from beritaclass.classifier import N_PLACES, TopicClassifier
from beritaclass.errors import BundleError, BundleFormatError, BundleIntegrityError, InputError, naming
from beritaclass.preprocessing.stemming import check_sastrawi
from beritaclass.taxonomy import Taxonomy, parse_taxonomy
from beritaclass.vectorizer import FIELDS, TopicVectorizer

FORMAT = "beritaclass-model"
FORMAT_VERSION = 2

_ARRAYS = {
    "coef.npy": ("float16", "float32"),
    "topics.npy": ("float64",),
    "columns.npy": ("int32",),
    "idf.npy": ("float32",),
    "pairs.npy": ("int64",),
}
_TEXTS = ("stems.txt", "CARD.md")
_OPTIONAL = ("topics.toml",)
_MANIFEST = "manifest.json"
_MANIFEST_TYPES = {"topics": list, "multilabel": bool, "parameters": dict, "provenance": dict, "files": dict}
_JSON_NAMES = {list: "a list", bool: "true or false", dict: "an object"}


def load(path: str | Path | None = None) -> TopicClassifier:
    """Load a model.

    Parameters
    ----------
    path : str or Path, optional
        The folder that `save` wrote; the shipped model if none is given.

    Returns
    -------
    TopicClassifier

    Raises
    ------
    BundleFormatError
        If the folder is no bundle, or of a newer format.
    BundleIntegrityError
        If a file is missing, extra, outside of the folder, not the one that was saved, or does not fit the others.
    ConflictError
        If the abandoned package `Sastrawi` is installed; better now than at the first unseen word of a dump.
    """
    check_sastrawi(version)
    folder = Path(path) if path is not None else model_path()
    manifest = read_manifest(folder)
    contents = _read_files(folder, manifest)
    arrays = {name: _array(folder / name, contents[name], manifest["files"][name]) for name in _ARRAYS}
    return _build(folder, manifest, contents, arrays)


def save(
    model: TopicClassifier, path: str | Path, *, card: str = "", provenance: Mapping[str, Any] | None = None
) -> Path:
    """Save a fitted model as a folder; a bundle that stands there is replaced once the new one is whole.

    Parameters
    ----------
    model : TopicClassifier
    path : str or Path
    card : str, default ""
        The model card, as Markdown; without it a short one is written.
    provenance : mapping, optional
        What the model was trained on and how well it did; goes into the manifest as it is.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BundleError
        If something else than a bundle stands at `path`.
    InputError
        If `provenance` holds what JSON cannot.
    NotFittedError
        If the model is not fitted.
    OSError
        If the folder cannot be written.
    """
    model._check_fitted()
    folder = Path(path)
    if folder.exists() and not (folder / _MANIFEST).is_file() and (folder.is_file() or any(folder.iterdir())):
        raise BundleError(f"{folder} exists and is not a model; it is left alone: choose another path or remove it")
    vectorizer = model.vectorizer_
    half = model.coef_.astype(np.float16)
    arrays: dict[str, npt.NDArray[Any]] = {
        "coef.npy": half if np.array_equal(half.astype(np.float32), model.coef_) else model.coef_,
        "topics.npy": np.stack(
            [model.intercept_, model.slope_, model.offset_, model.thresholds_, *model.shares_]
        ).astype(np.float64),
        "columns.npy": vectorizer.columns_,
        "idf.npy": vectorizer.idf_,
        "pairs.npy": vectorizer.pair_keys_,
    }
    contents = {name: _npy(array) for name, array in arrays.items()}
    contents["stems.txt"] = "".join(f"{stem}\n" for stem in vectorizer.stems_).encode()
    if model.taxonomy is not None:
        contents["topics.toml"] = model.taxonomy.to_toml().encode()
    contents["CARD.md"] = (card or _short_card(model)).encode()
    manifest = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "fields": list(FIELDS),
        "multilabel": model.multilabel_,
        "topics": model.classes_.tolist(),
        "parameters": {
            "classifier": {
                k: v for k, v in model.get_params(deep=False).items() if k not in ("vectorizer", "taxonomy")
            },
            "vectorizer": vectorizer.get_params(),
        },
        "provenance": dict(provenance or {}),
        "reference": model.reference_,
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            | ({"dtype": str(arrays[name].dtype), "shape": list(arrays[name].shape)} if name in arrays else {})
            for name, content in sorted(contents.items())
        },
    }
    try:
        contents[_MANIFEST] = (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise InputError(f"provenance must hold what JSON can, such as strings and numbers: {error}") from None
    target = folder.resolve()
    fresh = target.with_name(f".{target.name}.{uuid4().hex}")
    old = fresh.with_name(f"{fresh.name}.old")
    try:
        with naming(folder, fresh):
            fresh.mkdir(parents=True)
            for name, content in contents.items():
                (fresh / name).write_bytes(content)
            if target.exists():
                target.rename(old)
            fresh.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def digest(path: str | Path | None = None) -> str:
    """Return a digest of a bundle: its manifest holds the hash of every other file."""
    folder = Path(path) if path is not None else model_path()
    read_manifest(folder)
    return hashlib.sha256((folder / _MANIFEST).read_bytes()).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a bundle, its format checked.

    Raises
    ------
    BundleFormatError
        If the folder is no bundle, or of a newer format.
    """
    if (folder / _MANIFEST).is_symlink():
        raise BundleIntegrityError(f"{folder / _MANIFEST} must be a plain file, not a link or a folder")
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise BundleFormatError(
            f"{folder} is no model: it has no {_MANIFEST}; a model is a folder made by save()"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleFormatError(f"{folder / _MANIFEST} cannot be read as JSON: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleFormatError(f'{folder / _MANIFEST}: expected "format": "{FORMAT}"; this is no model of beritaclass')
    if manifest.get("version") not in range(1, FORMAT_VERSION + 1):
        raise BundleFormatError(
            f"{folder}: model format {manifest.get('version')!r}, but this version of beritaclass reads formats 1 to "
            f"{FORMAT_VERSION}; upgrade beritaclass, or save the model again with this one"
        )
    for key, expected in _MANIFEST_TYPES.items():
        if not isinstance(manifest.get(key), expected):
            raise BundleFormatError(
                f"{folder / _MANIFEST}: {key!r} must be {_JSON_NAMES[expected]}, got {manifest.get(key)!r:.80}"
            )
    if not isinstance(manifest.get("reference"), dict | None):
        raise BundleFormatError(f"{folder / _MANIFEST}: 'reference' must be an object, if it is there")
    return manifest


def _read_files(folder: Path, manifest: dict[str, Any]) -> dict[str, bytes]:
    """Read every file that the manifest names, and no other, once its name and its hash are as they must be."""
    listed = manifest["files"]
    if not all(isinstance(entry, dict) for entry in listed.values()):
        raise BundleFormatError(f"{folder / _MANIFEST}: 'files' must map file names to their hashes")
    for name in listed:
        if not re.fullmatch(r"[A-Za-z0-9_]+\.[a-z]+", name):
            raise BundleIntegrityError(
                f"{folder / _MANIFEST} names the file {name!r}, which may lead outside of the folder"
            )
    allowed = {*_ARRAYS, *_TEXTS, *_OPTIONAL}
    required = {*_ARRAYS, *_TEXTS}
    present = {entry.name for entry in folder.iterdir()} - {_MANIFEST}
    for problem, names in (
        ("misses", (required | set(listed)) - (present & set(listed))),
        ("has files that do not belong to it:", (present | set(listed)) - (allowed & set(listed))),
    ):
        if names:
            raise BundleIntegrityError(f"the model in {folder} {problem} {', '.join(sorted(names))}; copy it again")
    contents = {}
    for name, entry in listed.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise BundleIntegrityError(f"{path} must be a plain file, not a link or a folder")
        try:
            size = path.stat().st_size
            contents[name] = path.read_bytes() if size == entry.get("bytes") else b""
        except OSError as error:
            raise BundleIntegrityError(f"{path} cannot be read: {error.strerror}") from None
        if size != entry.get("bytes"):
            raise BundleIntegrityError(
                f"{path} is not the file that was saved ({size} bytes, {entry.get('bytes')} expected); "
                "copy the model again"
            )
        if hashlib.sha256(contents[name]).hexdigest() != entry.get("sha256"):
            raise BundleIntegrityError(
                f"{path} is not the file that was saved (its sha256 differs); copy the model again"
            )
    return contents


def _array(path: Path, content: bytes, entry: dict[str, Any]) -> npt.NDArray[Any]:
    """Read an array whose header says what the manifest says, and that is as long as its header says."""
    stream = io.BytesIO(content)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("its header is not of version 1.0")
        shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
        if math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
            raise ValueError(f"its header promises {dtype}{list(shape)}, {len(content) - stream.tell()} bytes follow")
    except Exception as error:  # whatever a parser of Python literals may stumble on
        raise BundleIntegrityError(f"{path} is no plain array: {error}") from None
    if [str(dtype), list(shape)] != [entry.get("dtype"), entry.get("shape")]:
        raise BundleIntegrityError(
            f"{path} holds {dtype}{list(shape)}, the manifest says {entry.get('dtype')}{entry.get('shape')}"
        )
    if str(dtype) not in _ARRAYS[path.name]:
        raise BundleIntegrityError(f"{path} is no plain array of {' or '.join(_ARRAYS[path.name])}: it holds {dtype}")
    array = np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape, order="F" if by_column else "C").copy()
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise BundleIntegrityError(f"{path} holds numbers that are infinite or none at all")
    return array


def _build(
    folder: Path, manifest: dict[str, Any], contents: dict[str, bytes], arrays: dict[str, npt.NDArray[Any]]
) -> TopicClassifier:
    coef, topics, columns, idf, pairs = (arrays[name] for name in _ARRAYS)
    names = manifest["topics"]
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise BundleFormatError(f"{folder / _MANIFEST}: 'topics' must be slugs, each once, got {names!r:.80}")
    if manifest.get("fields") != list(FIELDS):
        raise BundleFormatError(
            f"{folder / _MANIFEST}: 'fields' must be {list(FIELDS)}, got {manifest.get('fields')!r:.80}"
        )
    stems = _text(folder / "stems.txt", contents["stems.txt"]).split("\n")[:-1]
    if len(set(stems)) != len(stems):
        raise BundleIntegrityError(f"{folder / 'stems.txt'} holds a stem twice")
    expected = {
        "idf.npy": (idf.size,),
        "pairs.npy": (pairs.size,),
        "coef.npy": (idf.size, len(names)),
        "topics.npy": (4 if manifest["version"] == 1 else 4 + N_PLACES, len(names)),
        "columns.npy": (len(FIELDS), len(stems) + pairs.size),
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise BundleIntegrityError(
                f"{folder / name} has shape {arrays[name].shape}, its neighbours ask for {shape}"
            )
    if columns.size and not -1 <= columns.min() <= columns.max() < len(idf):
        raise BundleIntegrityError(f"{folder / 'columns.npy'} points outside of the {len(idf)} columns")
    if len(pairs) and (pairs[0] < 0 or pairs[-1] >= len(stems) ** 2 or (np.diff(pairs) <= 0).any()):
        raise BundleIntegrityError(f"{folder / 'pairs.npy'} must hold pairs of the {len(stems)} stems, ascending")
    taxonomy: Taxonomy | None = None
    if "topics.toml" in contents:
        where = folder / "topics.toml"
        taxonomy = parse_taxonomy(_text(where, contents["topics.toml"]), str(where))
    vectorizer = TopicVectorizer(**_parameters(folder, manifest, "vectorizer", TopicVectorizer()))
    model = TopicClassifier(taxonomy=taxonomy, **_parameters(folder, manifest, "classifier", TopicClassifier()))
    vectorizer.set_vocabulary(stems, pairs, columns, idf)
    model.vectorizer_ = vectorizer
    model.multilabel_ = manifest["multilabel"]
    model.classes_ = np.array(names, dtype=str)
    model.reference_ = manifest.get("reference")  # models saved before there was one have none
    model.coef_ = coef.astype(np.float32)
    model.intercept_ = topics[0].astype(np.float32)
    model.slope_, model.offset_, model.thresholds_ = topics[1:4]
    model.shares_ = topics[4:] if len(topics) > 4 else np.ones((N_PLACES, len(names)))
    return model


def _parameters(folder: Path, manifest: dict[str, Any], name: str, default: Estimator) -> dict[str, Any]:
    """Return the parameters of an estimator, each known and of the kind that it is by default."""
    given = manifest["parameters"].get(name)
    known = {k: v for k, v in default.get_params(deep=False).items() if k not in ("vectorizer", "taxonomy")}
    if not isinstance(given, dict) or not set(given) <= set(known):
        raise BundleFormatError(
            f"{folder / _MANIFEST}: parameters do not fit this version: {name} must be an object of "
            f"{', '.join(known)}, got {given!r:.80}"
        )
    for key, value in given.items():
        fits = isinstance(value, bool) if isinstance(known[key], bool) else isinstance(value, int | float | None)
        if not fits or (isinstance(known[key], int) and isinstance(value, float)):
            raise BundleFormatError(
                f"{folder / _MANIFEST}: parameters do not fit this version: {key} must be like {known[key]!r}, "
                f"got {value!r:.80}"
            )
    return given


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BundleIntegrityError(f"{path} is no UTF-8 text: {error}") from None


def _npy(array: npt.NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def _short_card(model: TopicClassifier) -> str:
    topics = "".join(f"- {slug}\n" for slug in model.classes_)
    return f"# A beritaclass model\n\n{len(model.classes_)} topics over {len(model.coef_)} columns:\n\n{topics}"
