"""A run of a group from its first record to its last, as if it were trained alone."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import torch

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.config.overrides import as_typed
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import run_folder, saved_config
from litmlp.engine.run.announce import announce
from litmlp.engine.run.prepare import Run
from litmlp.engine.run.record import (
    best_value,
    close_loggers,
    in_one_line,
    load_best,
    open_loggers,
    record,
)
from litmlp.engine.run.starting_point import StartingPoint
from litmlp.engine.run.test import Metrics
from litmlp.engine.sweep.jobs import Job
from litmlp.engine.terminal.console import console, only_logged
from litmlp.engine.terminal.mistakes import report
from litmlp.engine.vectorized.member import Member


@dataclass(frozen=True, kw_only=True)
class Built:
    """A job whose run is built, and how far it has come before."""

    job: Job
    run: Run
    start: StartingPoint


class Opened:
    """A run that is recorded until it ends."""

    def __init__(
        self,
        job: Job,
        member: Member,
        recording: ExitStack,
        summary: run_folder.Summary,
    ) -> None:
        self.job, self.member = job, member
        self.recording, self.summary = recording, summary
        self.is_open, self.failed = True, False

    @classmethod
    def begin(cls, built: Built, together: int) -> "Opened | None":
        """Record a run from now on, and say what is to be trained."""
        job, run, point = built.job, built.run, built.start.point
        overrides = as_typed(job.composed.hydra.overrides.task)
        recording = ExitStack()
        member = Member(run, lambda: within(job), point.path if point else None)
        own = cls(job, member, recording, {})
        with within(job), run_settings(run.config):
            try:
                own.summary = recording.enter_context(
                    run_folder.recording(
                        run.folder,
                        job.config,
                        overrides,
                        earlier=built.start.look_again,
                    )
                )
                own.summary["vectorized"] = together
                saved_config.write_launch(run.folder, run.config)
                announce(run, point)
            except Exception as error:
                own.member.error = error
                own.end()
                return None
        return own

    def end(self) -> None:
        """Test and record the run, or what went wrong with it."""
        error = self.member.error
        with within(self.job), run_settings(self.member.run.config):
            try:
                with self.recording:
                    self._conclude(error)
            except Exception as found:
                error = found
        self._leave(failed=error is not None)
        if error is not None:
            name = self.member.run.folder.name
            report(error, source=f"{name}:")
            return
        console.print(f"  {self.member.run.folder.name}  {in_one_line(self.summary)}")

    def break_off(self, error: BaseException) -> None:
        """Save and record how far the run has come."""
        if not self.is_open:
            return
        with within(self.job):
            self.member.break_off(error)
            with suppress(BaseException), self.recording:
                raise error
            close_loggers(self.member.trainer, succeeded=False)
        self._leave(failed=True)

    def _conclude(self, error: Exception | None) -> None:
        run = self.member.run
        with open_loggers(run.trainer):
            if error is not None:
                raise error
            last = load_best(run)
            metrics = tested(run)
            self.summary |= record(run, last, metrics)

    def _leave(self, *, failed: bool) -> None:
        """Tell Hydra what came of the job."""
        self.is_open, self.failed = False, failed
        self.job.close(best_value({} if failed else self.summary, self.job.config.mode))


@contextmanager
def within(job: Job) -> Iterator[None]:
    """Let it be the current job, which speaks to its log alone."""
    with job.current(), only_logged(True):
        yield


@torch.inference_mode()
def tested(run: Run) -> Metrics:
    """Metrics of every split by tag, without a Trainer."""
    model, data = run.model.eval(), run.data
    metrics: Metrics = {}
    for split, targets in data.split_targets.items():
        batches = torch.split(data.features[split][:], EVALUATION_BATCH_SIZE)
        outputs = torch.cat([model(batch.to(model.device)) for batch in batches])
        values = model.measure(outputs, targets.to(model.device))
        metrics |= {f"{name}/{split}": float(value) for name, value in values.items()}
    for callback in run.trainer.callbacks:  # type: ignore[attr-defined]  # set by Lightning, not declared
        callback.on_test_end(run.trainer, model)
    return metrics
