"""Images: the files that hold them, and their flips and shifts."""

import gzip
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from interrupted import broken_off, differences, run
from numpy.typing import NDArray
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litmlp.data.images import ImageData, augment
from litmlp.data.scaling import Standardize
from litmlp.engine.predict.export import export
from litmlp.engine.python_api.load import load
from litmlp.errors import UserError
from litmlp.supervised import Supervised

Arrays = Mapping[str, NDArray[Any]]

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 4, 3), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 3
TRAIN: Arrays = {"x_train": PIXELS, "y_train": LABELS}


def images(path: Path, **options: Any) -> ImageData:
    return ImageData(path=str(path), **options)


def write_npz(folder: Path, arrays: Arrays = TRAIN) -> Path:
    np.savez(folder / "images.npz", **arrays)
    return folder / "images.npz"


def write_npy(folder: Path, arrays: Arrays = TRAIN) -> Path:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def idx(array: NDArray[np.uint8]) -> bytes:
    """The format of MNIST, of http://yann.lecun.com/exdb/mnist."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_idx(folder: Path, arrays: Arrays = TRAIN) -> Path:
    x, y = (idx(array) for array in arrays.values())
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(x))
    (folder / "train-labels.idx1-ubyte").write_bytes(y)
    return folder


def write_pngs(folder: Path, arrays: Arrays = TRAIN) -> Path:
    x, y = arrays.values()
    for i, (pixels, label) in enumerate(zip(x, y, strict=True)):
        own = folder / str(label)
        own.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(own / f"{i:02}.png")
    return folder


@pytest.mark.parametrize("write", [write_npz, write_npy, write_idx, write_pngs])
def test_every_kind_of_file_gives_the_same_images(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    data = images(write(tmp_path), class_names=["cat", "dog", "cow"])
    pixels = torch.from_numpy(PIXELS).flatten(1).float() / 255
    order = np.argsort(LABELS, kind="stable") if write is write_pngs else range(12)
    torch.testing.assert_close(data.samples.inputs, pixels[order])
    assert data.samples.targets.tolist() == LABELS[order].tolist()
    assert data.samples.class_names == ["cat", "dog", "cow"]
    assert [c.name for c in data.samples.columns][-2:] == ["pixel_3_1", "pixel_3_2"]
    assert data.image_shape == (4, 3, 1)
    assert not data.samples.given


def test_splits_are_those_of_the_names(tmp_path: Path) -> None:
    names = ("train_images", "train_labels", "test_images", "test_labels")
    parts = (PIXELS[:9], LABELS[:9, None], PIXELS[9:], LABELS[9:, None])  # MedMNIST's
    data = images(write_npz(tmp_path, dict(zip(names, parts, strict=True))))
    assert data.samples.given["test"].tolist() == [9, 10, 11]
    assert data.samples.targets.tolist() == LABELS.tolist()
    for split, folder in (("train", tmp_path / "train"), ("test", tmp_path / "test")):
        folder.mkdir()
        write_pngs(folder, {"x": PIXELS[:6], "y": LABELS[:6]})
        assert split in images(tmp_path).splits


def test_pixels_are_scaled_by_their_type(tmp_path: Path) -> None:
    for kind, largest in (("u1", 255), ("i8", 255), ("u2", 65535), ("f8", 1)):
        arrays = {"x": np.full((4, 2, 2, 3), largest, kind), "y": np.arange(4) % 2}
        data = images(write_npz(tmp_path, arrays))
        assert data.samples.inputs.unique().tolist() == [1]
        assert data.samples.columns[-1].name == "pixel_1_1_2"


PAIR: Arrays = {"x": PIXELS, "y": LABELS}
ARRAYS: dict[str, Arrays] = {
    "x_train has no labels, y_train": {"x_train": PIXELS},
    "has a, b: the training images need": {"a": PIXELS, "b": LABELS},
    "12 train images have 11 labels": {"x": PIXELS, "y": LABELS[1:]},
    "pixels lie between 0 and 300": {"x": np.array([[[0, 300]]]), "y": LABELS[:1]},
    "pixels lie between nan and nan": {"x": np.array([[[np.nan]]]), "y": LABELS[:1]},
    "images have the shape (12, 12)": {"x": PIXELS.reshape(12, 12), "y": LABELS},
    "one number or text per image": {"x": PIXELS, "y": LABELS.astype(float)},
    "cannot be read: Object arrays": {"x": PIXELS, "y": np.array([{}], object)},
    "images of different shapes": {**PAIR, "x_test": PIXELS[:, 1:], "y_test": LABELS},
}
CONTENTS = [
    ("header says 144 values, and 143 f", "", idx(PIXELS)[:-1]),
    ("it is no IDX file", "", b"\0\0\x0d\1"),
    ("it is no IDX file", "", b""),
    ("cannot be read: ", ".gz", gzip.compress(b"?", mtime=0)[:-9]),
]


@pytest.mark.parametrize("message", ARRAYS)
def test_arrays_that_do_not_fit_are_refused(message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        _ = images(write_npz(tmp_path, ARRAYS[message])).samples


@pytest.mark.parametrize(("message", "end", "content"), CONTENTS)
def test_damaged_files_are_refused(
    message: str, end: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / f"train-images-idx3-ubyte{end}").write_bytes(content)
    with pytest.raises(UserError, match=message):
        _ = images(tmp_path).samples


def test_folders_without_images_of_one_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        _ = images(tmp_path / "nowhere").samples
    with pytest.raises(UserError, match="has no images"):
        _ = images(tmp_path).samples
    for i, shape in enumerate([(4, 4, 3), (4, 5)]):
        (tmp_path / str(i)).mkdir()
        pixels = [np.zeros((4, 4), np.uint8), np.zeros(shape, np.uint8)]
        arrays: Any = {"x": pixels, "y": [0, 1]}
        with pytest.raises(UserError, match="all images need one size, all grey or"):
            _ = images(write_pngs(tmp_path / str(i), arrays)).samples
    (write_pngs(tmp_path) / "0a").mkdir()
    with pytest.raises(UserError, match=r"0a has no \.png files"):
        _ = images(tmp_path).samples


def test_class_names_fit_the_labels(tmp_path: Path) -> None:
    data = images(write_npz(tmp_path), class_names=["cat", "dog"])
    with pytest.raises(UserError, match=r"2 names, and .* 3 labels: 0, 1, 2"):
        _ = data.samples


def test_flips_and_shifts_are_those_of_numpy() -> None:
    batch = torch.arange(1.0, 600 * 12 + 1).reshape(600, 4, 3, 1)
    changed = augment(batch, True, 1, torch.Generator().manual_seed(0))
    seen = set()
    for before, after in zip(batch.numpy(), changed.numpy(), strict=True):
        possible = {
            (flipped, down, right): np.pad(before[:, :: -1 if flipped else 1, 0], 1)[
                1 - down : 5 - down, 1 - right : 4 - right
            ]
            for flipped in (False, True)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
        }
        (kind,) = (k for k, image in possible.items() if (image == after[..., 0]).all())
        seen.add(kind)
    assert len(seen) == 18


def test_pixels_of_different_scales_are_not_moved(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="choose preprocessing=none"):
        images(write_npz(tmp_path), shift=1, preprocessing=Standardize)
    images(write_npz(tmp_path), preprocessing=Standardize)
    with pytest.raises(UserError, match="shift=-1: must be 0"):
        images(write_npz(tmp_path), shift=-1)


def test_training_batches_are_moved_and_a_run_resumes_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = {"x": np.repeat(PIXELS, 8, axis=0), "y": np.repeat(LABELS, 8)}
    command = ["data=images", f"data.path={write_npz(tmp_path, arrays)}"]
    command += ["data.flip=true", "data.shift=1", "data.batch_size=16"]
    command += ["data.test_share=0.1", "trainer.max_epochs=3", "trainer=cpu"]
    command += ["callbacks.checkpoint.every_iterations=2"]
    seen = []
    forward = Supervised.training_step

    def noted(self: Supervised, batch: Any, batch_idx: int) -> Any:
        seen.append(batch[0].clone())
        return forward(self, batch, batch_idx)

    monkeypatch.setattr(Supervised, "training_step", noted)
    run(tmp_path / "whole", *command)
    whole, known = seen.copy(), {bytes(p) for p in PIXELS.reshape(12, 12)}
    raw = [bytes((row * 255).round().byte().numpy()) for x in whole for row in x]
    assert 0 < sum(row in known for row in raw) < len(raw) / 5  # 1 of 18, or more
    assert not torch.equal(whole[0], whole[5])
    seen.clear()
    broken_off(monkeypatch, tmp_path / "broken", *command)
    run(tmp_path / "broken", *command)
    for before, after in zip(whole[-5:], seen[-5:], strict=True):
        assert torch.equal(before, after)
    assert differences(tmp_path / "whole", tmp_path / "broken") == []


def test_the_recipe_trains_shows_its_images_and_is_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # without a project of its own
    arrays = {"x": np.repeat(PIXELS[:, :3], 8, axis=0), "y": np.repeat(LABELS, 8)}
    path = write_npz(tmp_path, arrays)
    small = ["model.hidden_sizes=[8,8]", "data.batch_size=16", "trainer.max_epochs=2"]
    run(tmp_path / "run", "experiment=images", f"data.path={path}", *small)
    shown = EventAccumulator(str(tmp_path / "run")).Reload().Tags()["images"]
    assert {"images", "first_layer_weights"} <= {*shown}
    export(tmp_path / "run", format="onnx")  # checked against the checkpoint
    names = [f"pixel_{i}_{j}" for i in range(3) for j in range(3)]
    rows = dict(zip(names, PIXELS[:, :3].reshape(12, 9).T / 255, strict=True))
    assert set(load(tmp_path / "run").predict(pl.DataFrame(rows))) <= {"0", "1", "2"}
