"""Reading images and their labels: arrays, IDX files, and PNGs in folders."""

import gzip
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litmlp.errors import UserError

Array = NDArray[Any]

NAMES = {
    "train": ("x_train", "train_images", "images", "x"),
    "val": ("x_val", "val_images"),
    "test": ("x_test", "test_images", "t10k_images"),
}
"""Names of the images of a split; labels have ``y`` or ``labels`` in their name."""

IDX = re.compile(r"[-.]idx\d-ubyte(\.gz)?$")
"""The end of a file's name in the format of MNIST."""

DAMAGED = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile)

MODES = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB"}
"""Modes of Pillow, and the one in which an image is read: grey or colour."""


def read_images(path: Path) -> dict[str, tuple[Array, Array]]:
    """Read images [N, height, width(, channels)] and labels [N] of each split.

    Args:
        path: an ``.npz`` file, a folder of ``.npy`` or IDX files, a folder with a
            folder of PNGs per class, or a folder of such folders, ``train``, ``val``
            and ``test``.

    Raises:
        UserError: there are no images, or a file is damaged.
    """
    if not path.exists():
        raise UserError(f"data.path={path}: there is no such file or folder")
    if path.suffix == ".npz":
        return pairs(path, read_array(path))
    if not path.is_dir():
        raise UserError(
            f"data.path={path}: give an .npz file, or the folder that holds the images "
            f"and their labels, {path.parent}"
        )
    arrays = {
        IDX.sub("", file.name).removesuffix(".npy"): read_array(file)
        for file in sorted(path.iterdir())
        if IDX.search(file.name) or file.suffix == ".npy"
    }
    if arrays:
        return pairs(path, arrays)
    if (path / "train").is_dir():
        return {s: read_pngs(path / s) for s in NAMES if (path / s).is_dir()}
    return {"train": read_pngs(path)}


def pairs(path: Path, arrays: Mapping[str, Array]) -> dict[str, tuple[Array, Array]]:
    """Find the images and the labels of each split by their names.

    >>> pairs(Path("a.npz"), {"x_train": np.zeros(2), "y_train": np.ones(2)}).keys()
    dict_keys(['train'])
    """
    known = {name.lower().replace("-", "_"): array for name, array in arrays.items()}
    found = {}
    for split, names in NAMES.items():
        for name in names:
            label = name.replace("images", "labels").replace("x", "y")
            if name in known and label not in known:
                raise UserError(f"{path}: {name} has no labels, {label}")
            if name in known:
                found[split] = known[name], known[label]
                break
    if "train" not in found:
        raise UserError(
            f"{path} has {', '.join(arrays) or 'no arrays'}: the training images need "
            f"one of the names {', '.join(NAMES['train'])}"
        )
    return found


def read_array(path: Path) -> Any:
    """Read an IDX or ``.npy`` file as an array, or ``.npz`` as arrays by name."""
    try:
        if IDX.search(path.name):
            content = path.read_bytes()
            packed = path.suffix == ".gz"
            return read_idx(gzip.decompress(content) if packed else content)
        read = np.load(path, allow_pickle=False)
        return dict(read) if path.suffix == ".npz" else read
    except DAMAGED as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def read_idx(content: bytes) -> Array:
    """Return the bytes of an IDX file as an array of unsigned bytes.

    Source: http://yann.lecun.com/exdb/mnist, the format of MNIST.
    """
    if content[:3] != b"\0\0\x08":
        raise ValueError("it is no IDX file of unsigned bytes")
    start = 4 + 4 * content[3]
    shape = np.frombuffer(content[4:start], ">u4").astype(int)
    size = int(shape.prod())
    if len(content) - start != size:
        raise ValueError(
            f"its header says {size:,} values, and {len(content) - start:,} follow"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read_pngs(path: Path) -> tuple[Array, Array]:
    """Read the PNGs of a folder per class; labels are the names of the folders."""
    files, labels = [], []
    for folder in sorted(f for f in path.iterdir() if f.is_dir()):
        own = sorted(f for f in folder.iterdir() if f.suffix.lower() == ".png")
        if not own:
            raise UserError(f"{folder} has no .png files: a folder per class is needed")
        files += own
        labels += [folder.name] * len(own)
    if not files:
        raise UserError(
            f"data.path={path} has no images: give an .npz file, or a folder of .npy "
            "files, of IDX files, or of a folder with .png files per class"
        )
    images = [read_png(file) for file in files]
    for file, image in zip(files, images, strict=True):
        if image.shape != images[0].shape:
            raise UserError(
                f"{file} has the shape {image.shape}, and {files[0]} "
                f"{images[0].shape}: all images need one size, all grey or all colour"
            )
    return np.stack(images), np.array(labels)


def read_png(path: Path) -> Array:
    """Read an image [height, width] or [height, width, 3]; transparency is left out."""
    from PIL import Image  # Matplotlib needs it, so it is there

    try:
        with Image.open(path) as image:
            if image.mode not in MODES:
                raise UserError(f"{path}: pixels of mode {image.mode} cannot be read")
            return np.asarray(image.convert(MODES[image.mode]))
    except DAMAGED as error:
        raise UserError(f"{path} cannot be read: {error}") from error
