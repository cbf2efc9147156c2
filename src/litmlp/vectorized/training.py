"""A sweep's jobs, those that fit together trained as one."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import torch

from litmlp import checkpoints, runs, saved_config
from litmlp.build import build_trainer
from litmlp.compose import complete
from litmlp.console import console, only_logged
from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.errors import UserError, report
from litmlp.evaluation import Metrics
from litmlp.preparation import Run, build_run
from litmlp.process import settings
from litmlp.sweeps import LaunchHooks
from litmlp.training import (
    announce,
    best_value,
    close_loggers,
    conclude,
    one_line,
)
from litmlp.vectorized.group import Group
from litmlp.vectorized.jobs import Job
from litmlp.vectorized.member import Member
from litmlp.vectorized.objective import alike
from litmlp.vectorized.shared import SharedData
from litmlp.vectorized.together import (
    keys_apart,
    refusal,
    shape,
    shared_keys,
    sorted_apart,
)

MOST_MEMBERS = 64


def train_jobs(
    jobs: Sequence[Job], *, max_members: int | None, num_threads: int | None
) -> None:
    """Train each job, together with others where it can be; each leaves its folder.

    Args:
        jobs: composed, and not begun.
        max_members: the most to train at once.
        num_threads: of the CPU; None for one a core.
    """
    most = max_members or MOST_MEMBERS
    data = SharedData()
    shared = [shared_keys(job.composed) for job in jobs]
    for numbers in sorted_apart(shared):
        own = [jobs[number] for number in numbers]
        for start in range(0, len(own), most):
            train_wave(own[start : start + most], data, num_threads)
    if apart := keys_apart(shared):
        console.print(f"trained apart: jobs that differ in {', '.join(apart)}")


def train_wave(jobs: Sequence[Job], data: SharedData, threads: int | None) -> None:
    """Train some jobs as one, as far as their networks have the same shape."""
    built: list[tuple[Job, Run]] = []
    for job in jobs:
        run = build(job, data) if len(jobs) > 1 else None
        if run is None:
            job.run()
        else:
            built.append((job, run))
    for numbers in alike([run for _, run in built], shape):
        own = [built[number] for number in numbers]
        if len(own) > 1:
            train_group(own, threads)
        else:
            own[0][0].run()


def build(job: Job, data: SharedData) -> Run | None:
    """A job's run, or None if it has to go its own way: it then says why."""
    job.open()
    try:
        with within(job), settings(job.config):
            folder = Path(job.config.folder)
            if runs.is_done(folder) or checkpoints.newest(folder) is not None:
                return None  # nothing to do, or it goes on where it was
            config = complete(job.config)
            run = build_run(config, folder, data.build(config))
            reason = refusal(run)
    except Exception:
        return None
    if reason:
        console.print(f"trained alone: {reason} cannot be stacked")
    return None if reason else run


def train_group(built: Sequence[tuple[Job, Run]], threads: int | None) -> None:
    """Train runs of one shape; each is tested and recorded as soon as it is done."""
    opened: dict[Member, Opened] = {}
    for job, run in built:
        if (own := Opened.begin(job, run, len(built))) is not None:
            opened[own.member] = own
    if not opened:
        return
    first = built[0][1].config
    config = first.copy()
    config.callbacks, config.logger, config.folder = {}, {}, "."
    config.trainer.max_epochs = -1
    config.trainer.gradient_clip_val = None
    with settings(config), only_logged(True):
        torch.set_num_threads(threads or os.cpu_count() or 1)
        trainer = build_trainer(config)
        try:
            trainer.fit(Group(list(opened), lambda member: opened[member].end()))
        except BaseException as error:
            for own in opened.values():
                own.break_off(error)
            if not isinstance(error, Exception):
                raise
            report(error, full=not isinstance(error, UserError))


class Opened:
    """A run that is recorded until it ends."""

    def __init__(
        self, job: Job, member: Member, recording: ExitStack, summary: runs.Summary
    ) -> None:
        self.job, self.member = job, member
        self.recording, self.summary = recording, summary
        self.is_open = True

    @classmethod
    def begin(cls, job: Job, run: Run, together: int) -> "Opened | None":
        """Record a run from now on, and say what is to be trained."""
        overrides = runs.as_typed(job.composed.hydra.overrides.task)
        recording = ExitStack()
        member = Member(run, lambda: within(job))
        own = cls(job, member, recording, {})
        with within(job), settings(run.config):
            try:
                own.summary = recording.enter_context(
                    runs.recording(run.folder, job.config, overrides)
                )
                own.summary["vectorized"] = together
                saved_config.write_launch(run.folder, run.config)
                announce(run)
            except Exception as error:
                own.member.error = error
                own.end()
                return None
        return own

    def end(self) -> None:
        """Test and record the run, or what went wrong with it."""
        error = self.member.error
        with within(self.job), settings(self.member.run.config):
            try:
                with self.recording:
                    if error is not None:
                        raise error
                    self.summary |= conclude(self.member.run, tested)
            except Exception as found:
                error = found
            close_loggers(self.member.trainer, error is None)
        self._leave(failed=error is not None)
        if error is not None:
            report(error, full=not isinstance(error, UserError))
            return
        console.quiet, before = False, console.quiet
        console.print(f"  {one_line(self.summary)}")
        console.quiet = before

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

    def _leave(self, *, failed: bool) -> None:
        """Tell Hydra what came of the job."""
        self.is_open = False
        self.job.close()
        self.job.result.return_value = best_value(
            {} if failed else self.summary, self.job.config.mode
        )
        LaunchHooks.unfinished += failed


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
    for split, rows in data.rows.items():
        batches = torch.split(data.features[split], EVALUATION_BATCH_SIZE)
        outputs = torch.cat([model(batch) for batch in batches])
        values = model.measure(outputs, data.samples.targets[rows])
        metrics |= {f"{name}/{split}": float(value) for name, value in values.items()}
    for callback in run.trainer.callbacks:  # type: ignore[attr-defined]  # set by Lightning, not declared
        callback.on_test_end(run.trainer, model)
    return metrics
