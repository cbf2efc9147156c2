"""Images of one size with class labels, flipped and shifted while they are trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from litmlp.data.data_module import Data
from litmlp.data.image_files import Array, read_images
from litmlp.data.samples import Column, Samples
from litmlp.errors import UserError


@dataclass(kw_only=True, eq=False)
class ImageData(Data):
    """Images as rows of pixels from 0 to 1, top row first; colours of a pixel adjoin.

    Flips and shifts change the training batches only, and follow from ``order_seed``,
    the epoch and the batch alone.

    Args:
        path: see :func:`~litmlp.data.image_files.read_images`.
        class_names: in the order of the labels; by default the labels.
        flip: whether half of the training images are mirrored from left to right.
        shift: pixels by which a training image moves at most, in both directions.

    Raises:
        UserError: files that cannot be read, or images and labels that do not go
            together.
    """

    path: str
    class_names: Sequence[str] | None = None
    flip: bool = False
    shift: int = 0
    preprocessing: Any = nn.Identity

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shift < 0:
            raise UserError(f"shift={self.shift}: must be 0 pixels or more")
        scale = getattr(self.preprocessing, "func", self.preprocessing)
        if self.augments and scale is not nn.Identity:
            raise UserError(
                "data.flip and data.shift move pixels, which all need one scale: "
                "choose preprocessing=none"
            )

    @property
    def augments(self) -> bool:
        """Whether the training images are changed in each epoch."""
        return self.flip or self.shift > 0

    @cached_property
    def splits(self) -> dict[str, tuple[Array, Array]]:
        """Pixels [N, height, width, channels] and labels [N] of each split, as read."""
        read = read_images(Path(self.path)).items()
        splits = {split: checked(split, *arrays) for split, arrays in read}
        shapes = {split: images.shape[1:] for split, (images, _) in splits.items()}
        if len(set(shapes.values())) > 1:
            raise UserError(f"{self.path}: images of different shapes: {shapes}")
        return splits

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels."""
        return self.splits["train"][0].shape[1:]

    def load(self) -> Samples:
        labels = np.concatenate([own for _, own in self.splits.values()])
        found, targets = np.unique(labels, return_inverse=True)
        names = self.class_names or [str(label) for label in found]
        if len(names) != len(found):
            raise UserError(
                f"data.class_names has {len(names)} names, and {self.path} "
                f"{len(found)} labels: {', '.join(map(str, found[:20]))}"
            )
        images = [scaled(name, own) for name, (own, _) in self.splits.items()]
        indices = torch.split(torch.arange(len(labels)), [len(own) for own in images])
        given = dict(zip(self.splits, indices, strict=True))
        places = list(np.ndindex(self.image_shape))
        if self.image_shape[2] == 1:
            places = [place[:2] for place in places]
        return Samples(
            inputs=torch.from_numpy(np.concatenate(images)).flatten(1),
            targets=torch.from_numpy(targets),
            columns=[Column(name="_".join(map(str, ("pixel", *p)))) for p in places],
            target_names=["class"],
            class_names=names,
            given={split: rows for split, rows in given.items() if split != "train"},
        )

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        trainer = self.trainer
        assert trainer is not None
        if not (trainer.training and self.augments):
            return batch
        done = trainer.fit_loop.epoch_loop.batch_progress.current.completed
        seeds = self.order_seed or 0, trainer.current_epoch, done, trainer.global_rank
        seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
        images = batch[0].unflatten(1, self.image_shape)
        drawn = torch.Generator().manual_seed(seed)
        changed = augment(images, self.flip, self.shift, drawn)
        return changed.flatten(1), *batch[1:]


def checked(split: str, images: Array, labels: Array) -> tuple[Array, Array]:
    """Return pixels as [N, height, width, channels], and labels as [N]."""
    pixels = images[..., None] if images.ndim == 3 else images
    if pixels.ndim != 4 or not pixels.size:
        raise UserError(
            f"{split} images have the shape {images.shape}: needs [images, height, "
            "width], or [images, height, width, channels]"
        )
    names = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if names.ndim != 1 or names.dtype.kind not in "biuUS":
        raise UserError(
            f"{split} labels are {labels.dtype} of shape {labels.shape}: one number "
            "or text per image is needed"
        )
    if len(names) != len(pixels):
        raise UserError(f"{len(pixels):,} {split} images have {len(names):,} labels")
    return pixels, names


def scaled(split: str, pixels: Array) -> Array:
    """Return pixels from 0 to 1: integers are divided by 255, or 65535 of 16 bits."""
    whole = pixels.dtype.kind in "iu"
    largest = 65535 if pixels.dtype == np.uint16 else 255 if whole else 1
    low, high = pixels.min(), pixels.max()
    if not (low >= 0 and high <= largest):  # a NaN, too
        raise UserError(
            f"{split} pixels lie between {low} and {high}: needs whole numbers from 0 "
            "to 255, or real numbers from 0 to 1"
        )
    found: Array = np.divide(pixels, largest, dtype=np.float32)
    return found


def augment(images: Tensor, flip: bool, shift: int, drawn: Generator) -> Tensor:
    """Mirror and move images [B, height, width, channels], each one differently."""
    count, height, width, _ = images.shape
    if flip:
        mirrored = torch.rand(count, 1, 1, 1, generator=drawn) < 0.5
        images = torch.where(mirrored.to(images.device), images.flip(2), images)
    if not shift:
        return images
    moved = torch.randint(2 * shift + 1, (2, count, 1), generator=drawn)
    rows, columns = moved[0] + torch.arange(height), moved[1] + torch.arange(width)
    padded = F.pad(images, (0, 0, shift, shift, shift, shift))
    return padded[
        torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None]
    ]
