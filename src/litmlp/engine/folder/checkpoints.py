"""Checkpoint files of a run: written whole, and checked when they are read.

``last.ckpt`` holds everything that a run needs to go on with the same bits.
``best.ckpt`` holds the best weights, for evaluation and prediction.
"""

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from zipfile import ZIP_STORED, ZipFile

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor

from litmlp.engine.folder.atomic_files import sync
from litmlp.errors import UserError

FORMAT = 2
"""The version of the layout of a checkpoint; older code reads no larger one."""

FOLDER, BEST, LAST = "checkpoints", "best.ckpt", "last.ckpt"

FRESH = f"{LAST}.partial"
"""The name of the last checkpoint while it is being written."""

FOLDER_MARK = 0x10
"""A bit of a part of an archive, whose memory torch then leaves as it finds it."""

HOLD_VIEWS = ("state_dict", "optimizer_states", "callbacks", "metrics")
"""Parts of a checkpoint whose tensors may be views, as in a run of a group."""

MOST_NESTED = 50
"""Dicts and lists within one another; a reader calls itself once per level."""

PLAIN = (str, bytes, int, float, complex, bool, type(None), set)
OF_TORCH = (torch.dtype, torch.device)

NEEDED = frozenset(
    {"epoch", "epoch_state", "callbacks", "logs", "metrics", "processes"}
)
"""Keys without which a run would go on in another way than without interruption."""

Checkpoint = dict[str, Any]


@dataclass(frozen=True)
class Resumable:
    """The last checkpoint of a run, and its path."""

    path: Path
    content: Checkpoint

    @property
    def is_within_epoch(self) -> bool:
        """Whether the next batch is not the first of its epoch."""
        progress = self.content["loops"]["fit_loop"]["epoch_loop.batch_progress"]
        return bool(progress["current"]["completed"])


def last(folder: Path) -> Resumable | None:
    """Read the checkpoint to go on from; returns None if the run has written none.

    Raises:
        UserError: it is damaged, or of another version.
    """
    path = folder / FOLDER / LAST
    if not path.is_file():
        return None
    content = read(path)
    if content.get("format") != FORMAT:
        raise UserError(f"{path} is of an earlier litmlp: a run cannot go on from it")
    if missing := NEEDED - content.keys():
        raise UserError(f"{path} is damaged (it lacks {', '.join(sorted(missing))})")
    return Resumable(path, content)


def rewind(loggers: Iterable[Logger], point: Resumable | None) -> None:
    """Remove from the curves the values after a checkpoint, which will come again."""
    positions = point.content["logs"] if point else {}
    for logger in loggers:
        if hasattr(logger, "rewind"):
            logger.rewind(positions.get(type(logger).__name__, {}))


def best(folder: Path) -> Checkpoint:
    """Read the best weights of a run.

    Raises:
        UserError: the run has none, or they are damaged.
    """
    path = folder / FOLDER / BEST
    if not path.is_file():
        raise UserError(f"{folder} has no {FOLDER}/{BEST}: it never trained")
    return read(path)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint of plain types, and check it against its checksums.

    Raises:
        UserError: it is damaged, or of a format that this version does not know.
    """
    try:
        check_archive(path)
        content = dict(torch.load(path, map_location="cpu", weights_only=True))
        version = int(content.get("format", 0))
        if version <= FORMAT:
            check_types(content, path.stat().st_size)
    except Exception as error:  # damage can break the readers anywhere
        raise UserError(f"{path} is damaged ({shortened(error)})") from error
    if version > FORMAT:
        raise UserError(
            f"{path} has format {version}, this version of litmlp knows up to {FORMAT}"
        )
    return content


def check_archive(path: Path) -> None:
    """Check the parts of a file against their checksums and against its size.

    Raises:
        ValueError: a part is damaged, compressed, or marked as a folder.
    """
    with ZipFile(path) as archive:
        files = archive.infolist()
        if any(file.external_attr & FOLDER_MARK for file in files):
            raise ValueError("a part is marked as a folder")
        packed = any(file.compress_type != ZIP_STORED for file in files)
        if packed or sum(file.file_size for file in files) > path.stat().st_size:
            raise ValueError("its parts are larger than the file")
        if broken := archive.testzip():
            raise ValueError(f"{broken} does not fit its checksum")


def check_types(content: Any, size: int) -> None:
    """Refuse values that are not plain, lie too deep or are too many for the file.

    A checksum finds damage, but not a file that somebody wrote by hand: some values of
    it would let torch write beyond its memory, or keep a reader busy for ever.
    """
    for number, (value, depth) in enumerate(values_of(content)):
        if number > size or depth > MOST_NESTED:
            raise ValueError("its lists are nested too deeply, or hold themselves")
        if isinstance(value, Tensor):
            if value.layout != torch.strided or value.is_meta or value.is_quantized:
                raise ValueError("a tensor in it is not dense")
            if value.nbytes > size:
                raise ValueError("a tensor in it is larger than the file")
        elif not isinstance(value, (*PLAIN, *OF_TORCH, dict, list, tuple)):
            raise ValueError(f"it holds a {type(value).__name__}")


def values_of(content: Any) -> Iterator[tuple[Any, int]]:
    """Yield every value of nested dicts, lists and tuples, and the depth of each."""
    waiting = [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        if isinstance(value, dict):
            waiting += [(part, depth + 1) for part in (*value, *value.values())]
        elif isinstance(value, (list, tuple)):
            waiting += [(part, depth + 1) for part in value]


class WholeFiles(TorchCheckpointIO):
    """Writes a Trainer's checkpoints straight to their path, without a copy elsewhere.

    The content of the last checkpoint is remembered, so that the end of a run need not
    read it; checkpoints of other callbacks may hold less.
    """

    written: Checkpoint | None = None

    def save_checkpoint(
        self, checkpoint: Checkpoint, path: Any, storage_options: Any = None
    ) -> None:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        for key in checkpoint.keys() & set(HOLD_VIEWS):
            checkpoint[key] = apply_to_collection(checkpoint[key], Tensor, own_copy)
        write(checkpoint, file)
        if file.name == FRESH:
            self.written = checkpoint


def own_copy(tensor: Tensor) -> Tensor:
    """Return a copy of a view, which would take the whole tensor into a file."""
    is_view = tensor.untyped_storage().nbytes() > tensor.nbytes
    return tensor.clone() if is_view else tensor


def last_written(trainer: Trainer, folder: Path) -> Checkpoint:
    """Return the last checkpoint of a run that has ended, from its file if need be.

    Raises:
        UserError: it is damaged.
    """
    written = getattr(trainer.strategy.checkpoint_io, "written", None)
    if written is None:  # another process has trained
        written = read(folder / FOLDER / LAST)
    return cast(Checkpoint, written)


def write(content: Checkpoint, path: Path) -> None:
    """Write a checkpoint; a full disk is an ``OSError`` that leaves no file."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    try:
        path.write_bytes(buffer.getbuffer())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def promote(fresh: Path) -> None:
    """Rename a new file to the last checkpoint."""
    sync(fresh)
    os.replace(fresh, fresh.with_name(LAST))
    sync(fresh.parent)


def shortened(error: Exception) -> str:
    """Return the first words of an error."""
    return " ".join(str(error).split())[:80] or type(error).__name__
