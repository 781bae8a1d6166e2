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
from beritaclass import bundle
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


def test_a_folder_that_cannot_be_made_is_named_as_it_was_given(model: bc.TopicClassifier, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as raised:
        bc.save(model, tmp_path / "file" / "model")
    assert raised.value.filename == str(tmp_path / "file" / "model")


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
    with pytest.raises(BundleIntegrityError, match=rf"{name} is not the file that was saved \(its sha256 differs"):
        bc.load(folder)


def test_a_file_of_another_size_is_refused_unread(folder: Path) -> None:
    with (folder / "coef.npy").open("ab") as stream:
        stream.truncate(1 << 40)  # a hole: reading it would take all memory
    with pytest.raises(BundleIntegrityError, match=r"coef\.npy is not the file that was saved \(1099511627776 bytes"):
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
    change(folder, version=3)
    with pytest.raises(BundleFormatError, match="model format 3, but this version of beritaclass reads formats 1 to 2"):
        bc.load(folder)


def test_a_model_of_the_first_format_says_what_it_said() -> None:
    model = bc.load(Path(__file__).parent / "bundles" / "v1")
    assert (model.shares_ == 1).all()
    assert model.thresholds_.round(4).tolist() == [0.4992, 0.4992]
    assert model.predict_proba(TEXTS[:2]).round(3).tolist() == [[0.856, 0.156], [0.156, 0.856]]


def test_what_topics_need_by_place_is_saved(folder: Path, tmp_path: Path) -> None:
    loaded = bc.load(folder)
    loaded.shares_ = np.linspace(0.5, 1.3, loaded.shares_.size).reshape(loaded.shares_.shape)
    assert (bc.load(bc.save(loaded, tmp_path / "again")).shares_ == loaded.shares_).all()


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


def replace_array(folder: Path, name: str, array: np.ndarray) -> None:
    np.save(folder / name, array)
    list_file(folder, name, (folder / name).read_bytes(), dtype=str(array.dtype), shape=list(array.shape))


@pytest.mark.parametrize("shape", [(1 << 40,), (1 << 62, 1 << 62), (-1,), (0, 1 << 63)])
def test_a_header_that_promises_too_much_is_refused_before_memory_is_taken(folder: Path, shape: tuple[int]) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape!r}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(8)
    (folder / "idf.npy").write_bytes(content)
    list_file(folder, "idf.npy", content, dtype="float32", shape=list(shape))
    with pytest.raises(BundleIntegrityError, match=r"idf\.npy is no plain array"):
        bc.load(folder)


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff", b"\x93NUMPY\x01\x00\x10\x27" + b"(" * 10_000]
)
def test_a_broken_header_is_refused(folder: Path, content: bytes) -> None:
    (folder / "idf.npy").write_bytes(content)
    list_file(folder, "idf.npy", content, dtype="float32", shape=[1])
    with pytest.raises(BundleIntegrityError, match=r"idf\.npy is no plain array"):
        bc.load(folder)


def test_arrays_of_wrong_kinds_and_values_are_refused(folder: Path) -> None:
    arrays = {path.name: np.load(path) for path in folder.glob("*.npy")}
    for name, wrong, message in (
        ("columns.npy", arrays["columns.npy"].astype(np.float32), "no plain array of int32"),
        ("columns.npy", arrays["columns.npy"] + 1, "points outside of the"),
        ("idf.npy", arrays["idf.npy"][:, None], "its neighbours ask for"),
        ("idf.npy", arrays["idf.npy"].astype(">f4"), "no plain array of float32"),
        ("topics.npy", arrays["topics.npy"] * np.nan, "infinite or none at all"),
        ("pairs.npy", arrays["pairs.npy"][::-1], "must hold pairs of the"),
        ("pairs.npy", arrays["pairs.npy"] + (1 << 60), "must hold pairs of the"),
    ):
        replace_array(folder, name, wrong)
        with pytest.raises(BundleIntegrityError, match=message):
            bc.load(folder)
        replace_array(folder, name, arrays[name])
    bc.load(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("stems.txt", b"\xff\xfe\n", "stems.txt is no UTF-8 text"),
        ("stems.txt", b"a\na\n", "stems.txt holds a stem twice"),
        ("topics.toml", b"\xff", "topics.toml is no UTF-8 text"),
        ("topics.toml", b"[x", "topics.toml: not a TOML file"),
        ("topics.toml", b"[x]\nimplies = ['y']", "topic 'x' implies 'y', which is not a topic"),
    ],
)
def test_texts_that_are_none_are_refused(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    list_file(folder, name, content)
    with pytest.raises(bc.BeritaclassError, match=message):
        bc.load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "1"}, "model format '1'"),
        ({"version": None}, "model format None"),
        ({"files": []}, "'files' must be an object"),
        ({"files": {"idf.npy": "sha"}}, "'files' must map file names"),
        ({"topics": None}, "'topics' must be a list"),
        ({"topics": [1, 2]}, "'topics' must be slugs, each once"),
        ({"topics": ["kriminal", "kriminal", "olahraga"]}, "'topics' must be slugs, each once"),
        ({"topics": ["kriminal"]}, "its neighbours ask for"),
        ({"fields": ["text"]}, "'fields' must be"),
        ({"multilabel": "yes"}, "'multilabel' must be true or false"),
        ({"provenance": "secret"}, "'provenance' must be an object"),
        ({"parameters": {}}, "vectorizer must be an object of min_df"),
        ({"parameters": {"vectorizer": {"os.system": 1}}}, "vectorizer must be an object of min_df"),
        ({"parameters": {"vectorizer": {"min_df": "2"}}}, "min_df must be like 2"),
        ({"parameters": {"vectorizer": {"lead_words": 1.5}}}, "lead_words must be like 100"),
        ({"parameters": {"vectorizer": {}, "classifier": {"background": 1}}}, "background must be like True"),
    ],
)
def test_a_manifest_of_wrong_types_is_refused(folder: Path, changes: dict[str, object], message: str) -> None:
    change(folder, **changes)
    with pytest.raises(BundleError, match=message):
        bc.load(folder)


def test_a_manifest_with_any_byte_changed_is_refused_or_means_the_same_kind_of_thing(folder: Path) -> None:
    whole = (folder / "manifest.json").read_bytes()
    refused = 0
    for at in range(0, len(whole), 23):
        for byte in b'\x00"}9z':
            (folder / "manifest.json").write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
            try:
                bc.load(folder)
            except bc.BeritaclassError:
                refused += 1
    assert refused > 100


def test_a_manifest_that_is_a_link_is_refused(folder: Path) -> None:
    (folder / "manifest.json").rename(folder.parent / "elsewhere.json")
    (folder / "manifest.json").symlink_to(folder.parent / "elsewhere.json")
    with pytest.raises(BundleIntegrityError, match=r"manifest\.json must be a plain file"):
        bc.load(folder)


def test_saving_where_a_link_leads_replaces_what_it_leads_to(model: bc.TopicClassifier, folder: Path) -> None:
    (folder.parent / "current").symlink_to(folder)
    bc.save(model, folder.parent / "current", card="# New\n")
    assert (folder / "CARD.md").read_text() == "# New\n"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["current", "model"]


def test_a_model_is_not_loaded_beside_the_abandoned_sastrawi(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "version", lambda name: {"Sastrawi": "1.0.1"}[name])
    with pytest.raises(bc.BeritaclassError, match=r"'Sastrawi' 1\.0\.1 is installed.*pip uninstall"):
        bc.load(folder)


def test_provenance_must_be_json(model: bc.TopicClassifier, tmp_path: Path) -> None:
    with pytest.raises(bc.BeritaclassError, match="provenance must hold what JSON can"):
        bc.save(model, tmp_path / "m", provenance={"when": tmp_path})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '{"format": "other"}', "\xff", "[" * 100_000])
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
    model = bc.load()
    assert model.classes_.tolist() == sorted(topic.slug for topic in news_taxonomy())
    card = (model_path() / "CARD.md").read_text(encoding="utf-8")
    assert all(word in card for word in ("trained", "measured", "weak"))
    assert "the first needs half of its threshold, the second nine\ntenths, each further one 1.2 times" in card
    assert np.unique(model.shares_, axis=1).ravel().tolist() == [0.5, 0.9, 1.2]
