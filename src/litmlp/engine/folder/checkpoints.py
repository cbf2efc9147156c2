"""A run's checkpoint files: written whole, checked when read, one generation kept.

``last.ckpt`` holds all that a run needs to go on as if nothing had happened, and its
best weights; ``previous.ckpt`` is the one before it; ``best.ckpt`` has the best weights
for those who evaluate or predict.
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

from litmlp.engine.folder.atomic_files import settle
from litmlp.engine.folder.checkpoint_checks import Best, Last, check_content
from litmlp.engine.terminal.console import show
from litmlp.errors import UserError

FORMAT = 2
"""What a checkpoint holds and where; a change that older code cannot read adds one."""

FOLDER, BEST, LAST, PREVIOUS = "checkpoints", "best.ckpt", "last.ckpt", "previous.ckpt"

FRESH = f"{LAST}.partial"
"""The last checkpoint while it is being written."""

Checkpoint = dict[str, Any]


class DamagedError(UserError):
    """A checkpoint that cannot be trusted."""


@dataclass(frozen=True)
class Resumable:
    """The newest whole checkpoint of a run, and where it lies."""

    path: Path
    content: Checkpoint

    @property
    def is_within_epoch(self) -> bool:
        """Whether the first batch that comes next is not an epoch's first."""
        progress = self.content["loops"]["fit_loop"]["epoch_loop.batch_progress"]
        return bool(progress["current"]["completed"])


def newest(folder: Path) -> Resumable | None:
    """What a run can go on from; None if it never got as far as a checkpoint.

    Raises:
        UserError: there are checkpoints and none can be read.
    """
    problems = []
    for path in generations(folder):
        try:
            found = Resumable(path, read(path, Last))
        except DamagedError as error:
            problems.append(str(error))
            continue
        if found.content.get("format") != FORMAT:
            raise UserError(
                f"{path} is of an earlier litmlp: a run cannot go on from it"
            )
        if problems:
            show(f"{problems[0]}: the run goes on from {path.name}, the one before")
        return found
    if problems:
        raise UserError(f"{'; '.join(problems)}: nothing to go on from")
    return None


def rewind(loggers: Iterable[Logger], point: Resumable | None) -> None:
    """Take out of the curves what was logged after a checkpoint: it comes again."""
    positions = point.content["logs"] if point else {}
    for logger in loggers:
        if hasattr(logger, "rewind"):
            logger.rewind(positions.get(type(logger).__name__, {}))


def best(folder: Path) -> Checkpoint:
    """The best weights of a run, which ``last.ckpt`` has, too, if ``best.ckpt`` broke.

    Raises:
        UserError: the run has none, or none that can be read.
    """
    path = folder / FOLDER / BEST
    if not path.is_file():
        raise UserError(f"{folder} has no {FOLDER}/{BEST}: it never trained")
    try:
        return read(path, Best)
    except DamagedError as error:
        for other in generations(folder):
            try:
                last = read(other, Last)
            except DamagedError:
                continue
            found: Checkpoint = last["callbacks"]["BestAndLast"]["best"]
            if not found:
                continue
            show(f"{error}: its weights are taken from {other.name}")
            return found
        raise


def read(path: Path, kind: type) -> Checkpoint:
    """A checkpoint, checked byte for byte against the checksums that it holds.

    Args:
        kind: ``Best`` or ``Last``: what it should hold.

    Raises:
        UserError: it is damaged, or of a format that is not known here.
    """
    try:
        check_archive(path)
        content = dict(torch.load(path, map_location="cpu", weights_only=True))
        version = int(content.get("format", 0))
        if version <= FORMAT:
            check_content(content, kind, path.stat().st_size)
    except Exception as error:  # damage can break the readers anywhere
        raise DamagedError(f"{path} is damaged ({shortened(error)})") from error
    if version > FORMAT:
        raise UserError(
            f"{path} has format {version}, this version of litmlp knows up to {FORMAT}"
        )
    return content


def check_archive(path: Path) -> None:
    """
    Raises:
        ValueError: what it holds does not fit its checksums, or its own size.
    """
    with ZipFile(path) as archive:
        files = archive.infolist()
        packed = any(file.compress_type != ZIP_STORED for file in files)
        if packed or sum(file.file_size for file in files) > path.stat().st_size:
            raise ValueError("its parts are larger than the file")
        if broken := archive.testzip():
            raise ValueError(f"{broken} does not fit its checksum")


class WholeFiles(TorchCheckpointIO):
    """Lets a Trainer write where it is told, without a copy in a folder elsewhere.

    The last checkpoint it remembers, which spares the end of a run to read it; those of
    other callbacks may hold less.
    """

    written: Checkpoint | None = None

    def save_checkpoint(
        self, checkpoint: Checkpoint, path: Any, storage_options: Any = None
    ) -> None:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        write(checkpoint, file)
        if file.name == FRESH:
            self.written = checkpoint


def last_written(trainer: Trainer, folder: Path) -> Checkpoint:
    """The last checkpoint of a run that has ended, from its file if need be.

    Raises:
        UserError: it is damaged.
    """
    written = getattr(trainer.strategy.checkpoint_io, "written", None)
    if written is None:  # another process has trained
        written = read(folder / FOLDER / LAST, Last)
    return cast(Checkpoint, written)


def write(content: Checkpoint, path: Path) -> None:
    """Write what ``torch.save`` makes of it; a full disk is an ``OSError``."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    try:
        path.write_bytes(buffer.getbuffer())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def promote(fresh: Path) -> None:
    """Make a new file beside them the last checkpoint, and the last the previous."""
    settle(fresh)
    last = fresh.with_name(LAST)
    if last.exists():
        os.replace(last, fresh.with_name(PREVIOUS))
    os.replace(fresh, last)
    settle(fresh.parent)


def generations(folder: Path) -> Iterator[Path]:
    """The files to go on from that are there, the newest first."""
    for name in (LAST, PREVIOUS):
        if (path := folder / FOLDER / name).is_file():
            yield path


def shortened(error: Exception) -> str:
    """The first words of an error."""
    return " ".join(str(error).split())[:80] or type(error).__name__
