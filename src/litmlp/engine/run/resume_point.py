"""The point at which training begins: the start, or a checkpoint in the folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig

from litmlp.engine.folder import checkpoints
from litmlp.engine.folder.run_folder import Summary, is_done
from litmlp.engine.run import resume
from litmlp.engine.terminal.mistakes import describe, explain
from litmlp.errors import UserError


class StartingPoint:
    """The start of a run, or the checkpoint in its folder that the run goes on from.

    Another process may train the run until this process holds the lock of the folder.
    So the folder is read under the lock, or read again there.

    Args:
        folder: of the run.
        config: as it was launched.

    Attributes:
        point: the checkpoint; None for a fresh start.
    """

    point: checkpoints.Resumable | None

    def __init__(self, folder: Path, config: DictConfig) -> None:
        self.folder, self.config = folder, config

    def read(self) -> Summary:
        """Read the folder; return the entries of its summary that stay valid.

        Raises:
            UserError: the folder holds a finished run, the run of another config, or
                one that has used up its budget.
        """
        if resume.is_finished(self.folder, self.config):
            raise UserError(
                f"{self.folder} holds a finished run, which is never overwritten"
            )
        earlier = resume.valid_entries(self.folder, self.config)
        self.point = checkpoints.newest(self.folder)
        if self.point is None and is_done(self.folder):
            raise UserError(
                f"{self.folder} holds a finished run without "
                f"{checkpoints.FOLDER}/{checkpoints.LAST}: it cannot go on"
            )
        if self.point:
            resume.check_budget_left(self.config, self.point.content)
        return earlier

    def read_again(self) -> Summary:
        """Read the folder again for a run that is built to go on from its checkpoint.

        Raises:
            UserError: as :meth:`read`, or another process has trained the run since.
        """
        before = self.point
        earlier = self.read()
        if steps_of(self.point) != steps_of(before):
            raise UserError(f"{self.folder}: another process has trained it since")
        return earlier

    @contextmanager
    def blame(self) -> Iterator[None]:
        """Raise an unknown error of a resumed run as a mistake in its checkpoint.

        Raises:
            UserError: the checkpoint does not fit, or something has changed since.
        """
        try:
            yield
        except Exception as error:
            if self.point is None or explain(error) is not None:
                raise
            raise UserError(
                f"the run went on from {self.point.path} and failed: "
                f"{describe(error)[:200]} (--traceback shows where)"
            ) from error


def steps_of(point: checkpoints.Resumable | None) -> int | None:
    """Return the number of optimizer updates at a checkpoint, None without one."""
    return point.content["global_step"] if point else None
