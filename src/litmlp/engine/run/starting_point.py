"""Where a run begins: at its start, or at what its folder holds of it."""

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
    """How far a run has come in its folder, and so where it begins.

    What is read before the folder is held may have changed by then: another process can
    go on with the run. So :meth:`look` is for when it is held, or :meth:`look_again`.

    Args:
        folder: of the run.
        config: as it was launched.
    """

    earlier: Summary
    point: checkpoints.Resumable | None

    def __init__(self, folder: Path, config: DictConfig) -> None:
        self.folder, self.config = folder, config

    def look(self) -> Summary:
        """See what to go on from; returns what stays as it was recorded.

        Raises:
            UserError: the run is finished, another config's, or beyond its budget.
        """
        if resume.is_finished(self.folder, self.config):
            raise UserError(
                f"{self.folder} holds a finished run, which is never overwritten"
            )
        self.earlier = resume.recorded(self.folder, self.config)
        self.point = checkpoints.newest(self.folder)
        if self.point is None and is_done(self.folder):
            raise UserError(
                f"{self.folder} holds a finished run without "
                f"{checkpoints.FOLDER}/{checkpoints.LAST}: it cannot go on"
            )
        if self.point:
            resume.refuse_less(self.config, self.point.content)
        return self.earlier

    def look_again(self) -> Summary:
        """The same, for a run that is built already to go on from what was seen.

        Raises:
            UserError: another process has trained it meanwhile, besides.
        """
        before = self.point
        earlier = self.look()
        if steps_of(self.point) != steps_of(before):
            raise UserError(f"{self.folder}: another process has trained it meanwhile")
        return earlier

    @contextmanager
    def blame(self) -> Iterator[None]:
        """Raise an unknown error of a run that goes on as a mistake in its checkpoint.

        Raises:
            UserError: the checkpoint, or what has changed since, may not fit.
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
    """The iterations that a run has come to; None if it has not begun."""
    return point.content["global_step"] if point else None
