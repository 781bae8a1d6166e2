"""Model folders: what is saved is loaded, and whatever was changed is refused with its name."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

import beritaclass as bc
from beritaclass._resources import model_path
from beritaclass.bundle import digest
from beritaclass.errors import BundleError, BundleFormatError, BundleIntegrityError
from beritaclass.taxonomy import news_taxonomy

TEXTS = ["Polisi menangkap pencuri motor", "Timnas menang di laga sepak bola"] * 4
TOPICS = [["kriminal"], ["sepak-bola"]] * 4


@pytest.fixture(scope="module")
def model() -> bc.TopicClassifier:
    return bc.TopicClassifier(vectorizer=bc.TopicVectorizer(min_df=1), taxonomy=news_taxonomy(), n_folds=2).fit(
        TEXTS, TOPICS
    )


@pytest.fixture
def folder(model: bc.TopicClassifier, tmp_path: Path) -> Path:
    return bc.save(model, tmp_path / "model", card="# Card\n", provenance={"articles": 8})


def test_a_loaded_model_says_the_same_to_the_last_bit(model: bc.TopicClassifier, folder: Path) -> None:
    loaded = bc.load(folder)
    assert (loaded.predict_proba(TEXTS) == model.predict_proba(TEXTS)).all()
    assert loaded.get_params()["n_folds"] == 2
    assert loaded.taxonomy == news_taxonomy()
    assert [t.tags for t in loaded.pipe(TEXTS)] == [t.tags for t in model.pipe(TEXTS)]
    assert (folder / "CARD.md").read_text() == "# Card\n"


def test_saving_again_gives_the_same_bytes_and_replaces(model: bc.TopicClassifier, folder: Path) -> None:
    before = digest(folder)
    bc.save(bc.load(folder), folder, card="# Card\n", provenance={"articles": 8})
    assert digest(folder) == before
    assert not list(folder.parent.glob(".model*"))


def test_what_is_no_model_is_not_written_over(model: bc.TopicClassifier, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(BundleError, match="is not a model; it is left alone"):
        bc.save(model, tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_an_unfitted_model_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        bc.save(bc.TopicClassifier(), tmp_path / "m")


@pytest.mark.parametrize(
    "name", ["coef.npy", "topics.npy", "columns.npy", "idf.npy", "pairs.npy", "stems.txt", "CARD.md"]
)
def test_a_flipped_byte_is_refused_with_the_name_of_the_file(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleIntegrityError, match=rf"{name} is not the file that was saved"):
        bc.load(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "idf.npy").unlink()
    with pytest.raises(BundleIntegrityError, match=r"misses idf\.npy"):
        bc.load(folder)


def test_an_extra_file_is_refused(folder: Path) -> None:
    (folder / "extra.pkl").write_bytes(b"")
    with pytest.raises(BundleIntegrityError, match=r"do not belong to it: extra\.pkl"):
        bc.load(folder)


def change(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


def list_file(folder: Path, name: str, content: bytes, **facts: object) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    files[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)} | facts
    change(folder, files=files)


def test_a_newer_format_is_refused(folder: Path) -> None:
    change(folder, version=2)
    with pytest.raises(BundleFormatError, match="model format 2, but this version of beritaclass reads format 1"):
        bc.load(folder)


@pytest.mark.parametrize("name", ["../secret.npy", "/etc/passwd", "a/b.npy", "..", "c:\\x.npy"])
def test_a_path_that_leads_outside_is_refused(folder: Path, name: str) -> None:
    list_file(folder, name, b"")
    with pytest.raises(BundleIntegrityError, match="may lead outside"):
        bc.load(folder)


def test_a_link_is_refused(folder: Path) -> None:
    shutil.copy(folder / "idf.npy", folder.parent / "elsewhere.npy")
    (folder / "idf.npy").unlink()
    (folder / "idf.npy").symlink_to(folder.parent / "elsewhere.npy")
    with pytest.raises(BundleIntegrityError, match="must be a plain file"):
        bc.load(folder)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('the model file ran code')",)


def test_an_array_with_objects_runs_no_code(folder: Path) -> None:
    array = np.empty(1, object)
    array[0] = Evil()
    with (folder / "idf.npy").open("wb") as stream:
        np.lib.format.write_array(stream, array, allow_pickle=True)
    list_file(folder, "idf.npy", (folder / "idf.npy").read_bytes(), dtype="object", shape=[1])
    with pytest.raises(BundleIntegrityError, match="no plain array"):
        bc.load(folder)


def test_a_pickle_in_place_of_an_array_runs_no_code(folder: Path) -> None:
    (folder / "idf.npy").write_bytes(pickle.dumps(Evil()))
    list_file(folder, "idf.npy", (folder / "idf.npy").read_bytes(), dtype="float32", shape=[1])
    with pytest.raises(BundleIntegrityError, match="no plain array"):
        bc.load(folder)


def test_an_array_of_another_shape_is_refused(folder: Path) -> None:
    array = np.load(folder / "idf.npy")[:-1]
    np.save(folder / "idf.npy", array)
    content = (folder / "idf.npy").read_bytes()
    list_file(folder, "idf.npy", content, dtype="float32", shape=[len(array) + 1])
    with pytest.raises(BundleIntegrityError, match="the manifest says"):
        bc.load(folder)
    list_file(folder, "idf.npy", content, dtype="float32", shape=[len(array)])
    with pytest.raises(BundleIntegrityError, match="its neighbours ask for"):
        bc.load(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '{"format": "other"}', "\xff"])
def test_what_is_no_manifest_is_refused(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content, encoding="latin-1")
    with pytest.raises(BundleFormatError, match=r"manifest\.json"):
        bc.load(folder)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BundleFormatError, match="is no model: it has no manifest"):
        bc.load(tmp_path / "nowhere")


def test_the_shipped_model_is_small_whole_and_explains_itself() -> None:
    files = [path for path in model_path().iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 25_000_000
    assert bc.load().classes_.tolist() == sorted(topic.slug for topic in news_taxonomy())
    card = (model_path() / "CARD.md").read_text(encoding="utf-8")
    assert all(word in card for word in ("trained", "measured", "weak"))
