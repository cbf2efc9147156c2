"""Images: the files that hold them, and their flips and shifts."""

import gzip
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


def test_mistakes_in_files_have_one_clear_error(tmp_path: Path) -> None:
    grey, colour = np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.uint8)
    wide, of_objects = np.zeros((4, 5), np.uint8), np.array([{}], object)

    def png(*, of: NDArray[np.uint8]) -> Callable[[Path], object]:
        return lambda p: write_pngs(p, {"x": [grey, of], "y": [0, 1]})  # type: ignore[dict-item]

    def npz(**arrays: NDArray[Any]) -> Callable[[Path], object]:
        return lambda p: write_npz(p, arrays)

    mistakes: list[tuple[str, Callable[[Path], object]]] = [
        ("no such file or folder", lambda p: None),
        ("has no images", lambda p: p.mkdir(exist_ok=True)),
        (
            "header says 144 values, and 143 f",
            lambda p: write_bytes(p, idx(PIXELS)[:-1]),
        ),
        ("it is no IDX file", lambda p: write_bytes(p, b"\0\0\x0d\1")),
        ("it is no IDX file", lambda p: write_bytes(p, b"")),
        ("cannot be read: ", lambda p: write_bytes(p, gzip.compress(b"?")[:-9], ".gz")),
        ("all grey or all colour", png(of=colour)),
        ("all images need one size", png(of=wide)),
        ("x_train has no labels, y_train", npz(x_train=PIXELS)),
        ("has a, b: the training images need", npz(a=PIXELS, b=LABELS)),
        ("12 train images have 11 labels", npz(x=PIXELS, y=LABELS[1:])),
        ("pixels lie between 0 and 300", npz(x=np.array([[[0, 300]]]), y=LABELS[:1])),
        (
            "pixels lie between nan and nan",
            npz(x=np.array([[[0, np.nan]]]), y=LABELS[:1]),
        ),
        ("images have the shape (12, 12)", npz(x=PIXELS.reshape(12, 12), y=LABELS)),
        ("one number or text per image", npz(x=PIXELS, y=LABELS.astype(float))),
        ("cannot be read: Object arrays", npz(x=PIXELS, y=of_objects)),
        (
            "images of different shapes",
            npz(x=PIXELS, y=LABELS, x_test=PIXELS[:, 1:], y_test=LABELS),
        ),
    ]
    for i, (expected, write) in enumerate(mistakes):
        folder = tmp_path / str(i)
        if i:
            folder.mkdir()
            write(folder)
        path = folder / "images.npz"
        with pytest.raises(UserError) as caught:
            images(path if path.exists() else folder).samples  # noqa: B018
        assert expected in str(caught.value)


def write_bytes(folder: Path, content: bytes, end: str = "") -> None:
    (folder / f"train-images-idx3-ubyte{end}").write_bytes(content)


def test_a_folder_of_a_class_without_images_is_refused(tmp_path: Path) -> None:
    (write_pngs(tmp_path) / "0a").mkdir()
    with pytest.raises(UserError, match=r"0a has no \.png files"):
        images(tmp_path).samples  # noqa: B018


def test_class_names_fit_the_labels(tmp_path: Path) -> None:
    data = images(write_npz(tmp_path), class_names=["cat", "dog"])
    with pytest.raises(UserError, match=r"2 names, and .* 3 labels: 0, 1, 2"):
        data.samples  # noqa: B018


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


def moved(folder: Path) -> list[str]:
    arrays = {"x": np.repeat(PIXELS, 8, axis=0), "y": np.repeat(LABELS, 8)}
    return [
        *(
            "data=images",
            f"data.path={write_npz(folder, arrays)}",
            "data.flip=true",
            "data.shift=1",
        ),
        *("data.batch_size=16", "data.test_share=0.1", "trainer.max_epochs=3"),
        *("trainer=cpu", "callbacks.checkpoint.every_iterations=2"),
    ]


def test_training_batches_are_moved_and_a_run_resumes_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = moved(tmp_path)
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
