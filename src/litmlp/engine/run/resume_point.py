"""The point at which training begins: the start, or a checkpoint in the folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from litmlp.engine.folder import checkpoints
from litmlp.engine.folder.run_folder import Summary, is_done
from litmlp.engine.run import resume
from litmlp.engine.terminal.mistakes import describe, explain
from litmlp.errors import UserError


@dataclass
class StartingPoint:
    """The start of a run, or the checkpoint in its folder that the run goes on from.

    Another process may train the run until this process holds the lock of the folder,
    so the folder is read under the lock.

    Args:
        folder: of the run.
        config: as it was launched.
        point: the checkpoint, once it is read; None for a fresh start.
    """

    folder: Path
    config: DictConfig
    point: checkpoints.Resumable | None = None

    def read(self) -> Summary:
        """Read the folder; return the entries of its summary that stay valid."""
        if resume.is_finished(self.folder, self.config):
            raise UserError(
                f"{self.folder} holds a finished run, which is never overwritten"
            )
        earlier = resume.valid_entries(self.folder, self.config)
        self.point = checkpoints.last(self.folder)
        if self.point is None and is_done(self.folder):
            raise UserError(
                f"{self.folder} holds a finished run without "
                f"{checkpoints.FOLDER}/{checkpoints.LAST}: it cannot go on"
            )
        if self.point:
            with self.blame():
                resume.check_budget_left(self.config, self.point.content)
        return earlier

    @contextmanager
    def blame(self) -> Iterator[None]:
        """Raise an unknown error of a resumed run as a mistake in its checkpoint."""
        try:
            yield
        except Exception as error:
            if self.point is None or explain(error) is not None:
                raise
            raise UserError(
                f"the run went on from {self.point.path} and failed: "
                f"{describe(error)[:200]} (--traceback shows where)"
            ) from error
