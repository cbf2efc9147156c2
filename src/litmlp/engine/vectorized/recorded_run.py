"""A run of a group from its first record to its last, as if it were trained alone."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import torch

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.config.unresolved_overrides import as_typed
from litmlp.engine.folder import run_folder, saved_config
from litmlp.engine.run.prepare import Run
from litmlp.engine.run.record import (
    best_value,
    close_loggers,
    in_one_line,
    load_best,
    open_loggers,
    record,
    record_data,
)
from litmlp.engine.run.resume_point import StartingPoint
from litmlp.engine.run.run_messages import announce
from litmlp.engine.run.test import Metrics
from litmlp.engine.sweep.job_launcher import Job
from litmlp.engine.terminal.console import console, only_logged
from litmlp.engine.terminal.mistakes import report
from litmlp.engine.vectorized.grouped_run import GroupedRun


@dataclass(frozen=True, kw_only=True)
class PreparedRun:
    """A job whose run is built, and the point that it starts from."""

    job: Job
    run: Run
    start: StartingPoint


@dataclass(kw_only=True)
class RecordedRun:
    """Records a run until it ends."""

    job: Job
    grouped: GroupedRun
    recording: ExitStack
    summary: run_folder.Summary = field(default_factory=dict)
    is_open: bool = True
    failed: bool = False

    @classmethod
    def begin(cls, prepared: PreparedRun, group_size: int) -> "RecordedRun | None":
        """Record a run from now on, and announce it; None if that fails."""
        job, run, point = prepared.job, prepared.run, prepared.start.point
        overrides = as_typed(job.composed.hydra.overrides.task)
        recording = ExitStack()
        grouped = GroupedRun(run, lambda: log_to(job), point.path if point else None)
        own = cls(job=job, grouped=grouped, recording=recording)
        with log_to(job), run_settings(run.config):
            try:
                own.summary = recording.enter_context(
                    run_folder.recording(
                        run.folder,
                        job.config,
                        overrides,
                        earlier=prepared.start.read_again,
                    )
                )
                own.summary["vectorized"] = group_size
                saved_config.write_launch(run.folder, run.config)
                record_data(run, own.summary)
                announce(run, point)
            except Exception as error:
                grouped.error = error
                own.end()
                return None
        return own

    def end(self) -> None:
        """Test and record the run, or record its error."""
        error = self.grouped.error
        with log_to(self.job), run_settings(self.grouped.run.config):
            try:
                with self.recording:
                    self._conclude(error)
            except Exception as found:
                error = found
        self._close(failed=error is not None)
        name = self.grouped.run.folder.name
        if error is not None:
            report(error, source=f"{name}:")
            return
        console.print(f"  {name}  {in_one_line(self.summary)}")

    def break_off(self, error: BaseException) -> None:
        """Save and record how far the run has come."""
        if not self.is_open:
            return
        with log_to(self.job):
            self.grouped.break_off(error)
            with suppress(BaseException), self.recording:
                raise error
            close_loggers(self.grouped.trainer, succeeded=False)
        self._close(failed=True)

    def _conclude(self, error: Exception | None) -> None:
        run = self.grouped.run
        with open_loggers(run.trainer):
            if error is not None:
                raise error
            last = load_best(run)
            self.summary |= record(run, last, tested(run))

    def _close(self, *, failed: bool) -> None:
        """Tell Hydra the result of the job."""
        self.is_open, self.failed = False, failed
        self.job.close(best_value({} if failed else self.summary, self.job.config.mode))


@contextmanager
def log_to(job: Job) -> Iterator[None]:
    """Make a job the current job, whose messages go to its log alone."""
    with job.current(), only_logged(True):
        yield


@torch.inference_mode()
def tested(run: Run) -> Metrics:
    """Return the metrics of every split by tag, measured without a Trainer."""
    model, data = run.model.eval(), run.data
    metrics: Metrics = {}
    for split, targets in data.split_targets.items():
        batches = torch.split(data.split_features[split], EVALUATION_BATCH_SIZE)
        outputs = torch.cat([model(batch.to(model.device)) for batch in batches])
        values = model.measure(outputs, targets.to(model.device))
        metrics |= {f"{name}/{split}": float(value) for name, value in values.items()}
    for callback in run.trainer.callbacks:  # type: ignore[attr-defined]  # set by Lightning, not declared
        callback.on_test_end(run.trainer, model)
    return metrics
