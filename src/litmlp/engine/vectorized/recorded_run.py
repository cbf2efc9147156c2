"""A run of a group from its first record to its last, as if it were trained alone."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import torch

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.config.launch_command import as_typed
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import run_folder, saved_config
from litmlp.engine.run.model_card import write_card
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
from litmlp.engine.run.split_metrics import Metrics
from litmlp.engine.sweep.job_launcher import Job
from litmlp.engine.terminal.console import console, only_logged
from litmlp.engine.terminal.mistakes import report
from litmlp.engine.vectorized.grouped_run import GroupedRun


class RecordedRun(GroupedRun):
    """A job's run that is tested and recorded when it ends."""

    def __init__(self, job: Job, run: Run, start: StartingPoint) -> None:
        super().__init__(run, partial(log_to, job))
        self.job, self.start = job, start
        self.summary: run_folder.Summary = {}
        self.recording = ExitStack()
        self.is_open, self.failed = True, False

    def begin_record(self, group_size: int) -> bool:
        """Record the run from now on, and announce it; return whether that succeeds."""
        overrides = as_typed(self.job.composed.hydra.overrides.task)
        with self.context(), run_settings(self.run.config):
            try:
                self.summary = self.recording.enter_context(
                    run_folder.recording(
                        self.run.folder,
                        self.job.config,
                        overrides,
                        earlier=self.start.read,
                    )
                )
                point = self.start.point  # as it is now that the folder is locked
                self.resumes_from = point.path if point else None
                self.summary["vectorized"] = group_size
                saved_config.write_launch(self.run.folder, self.run.config)
                record_data(self.run, self.summary)
                announce(self.run, point)
            except Exception as error:
                self.error = error
                self.end_record()
        return self.is_open

    def finish(self) -> None:
        super().finish()
        self.end_record()

    def end_record(self) -> None:
        """Test and record the run, or record its error."""
        error = self.error
        with self.context(), run_settings(self.run.config):
            try:
                with self.recording, open_loggers(self.trainer):
                    if error is not None:
                        raise error
                    last = load_best(self.run)
                    self.summary |= record(self.run, last, tested(self.run))
                    write_card(self.run, self.summary)
            except Exception as found:
                error = found
        self._close(failed=error is not None)
        name = self.run.folder.name
        if error is not None:
            report(error, source=f"{name}:")
            return
        console.print(f"  {name}  {in_one_line(self.summary)}")

    def break_off(self, error: BaseException) -> None:
        """Save and record how far the run has come."""
        if not self.is_open:
            return
        with self.context():
            self.save(error)
            with suppress(BaseException), self.recording:
                raise error
            close_loggers(self.trainer, succeeded=False)
        self._close(failed=True)

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
