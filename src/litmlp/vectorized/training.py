"""A sweep's jobs, those that fit together trained as one."""

import gc
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from omegaconf import DictConfig, open_dict

from litmlp import checkpoints, resume, runs, saved_config, signals
from litmlp.build import build_trainer
from litmlp.command_line import MISTAKES
from litmlp.compose import complete
from litmlp.console import console, only_logged
from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.errors import UserError, report
from litmlp.evaluation import Metrics
from litmlp.jobs import Job
from litmlp.members import folder_of
from litmlp.memory import keep_freed, shortage_told
from litmlp.preparation import Run, build_run
from litmlp.process import settings
from litmlp.sweeps import LaunchHooks, SweepStopped
from litmlp.training import (
    announce,
    best_value,
    close_loggers,
    conclude,
    one_line,
)
from litmlp.vectorized.capacity import most_members
from litmlp.vectorized.group import Group
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


def without_ends(config: DictConfig) -> DictConfig:
    """The config of a Trainer that leaves no files and goes on until it is stopped."""
    config = config.copy()
    config.callbacks, config.logger, config.folder = {}, {}, "."
    config.trainer.max_epochs = -1
    config.trainer.gradient_clip_val = None
    with open_dict(config.trainer):
        config.trainer.enable_checkpointing = False
    return config


@dataclass(frozen=True, kw_only=True)
class Built:
    """A job whose run is built, and what it goes on from, if it has begun before."""

    job: Job
    run: Run
    point: checkpoints.Resumable | None
    earlier: runs.Summary


def train_jobs(
    jobs: Sequence[Job], *, max_members: int | None, num_threads: int | None
) -> None:
    """Train each job, together with others where it can be; each leaves its folder.

    Args:
        jobs: composed, and not begun.
        max_members: the most to train at once; None for as many as memory allows.
        num_threads: of the CPU; None for one a core.
    """
    keep_freed()
    data = SharedData()
    shared = [shared_keys(job.composed) for job in jobs]
    with signals.heeded(), collecting_only_new():
        for numbers in sorted_apart(shared):
            waiting = deque(jobs[number] for number in numbers)
            while waiting:
                train_wave(next_wave(waiting, data, max_members), num_threads)
    if apart := keys_apart(shared):
        console.print(f"trained apart: jobs that differ in {', '.join(apart)}")


@contextmanager
def collecting_only_new() -> Iterator[None]:
    """Spare the garbage collector what stands already: libraries, and configs."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def next_wave(
    waiting: deque[Job], data: SharedData, max_members: int | None
) -> list[Built]:
    """The next jobs to train at once, built; trains those that cannot be stacked."""
    wave: list[Built] = []
    most = max_members
    while waiting and (most is None or len(wave) < most):
        job = waiting.popleft()
        built = build(job, data) if wave or waiting else None
        if built is None:
            job.run()
            continue
        wave.append(built)
        most = most or most_members(built.run)
    return wave


def train_wave(wave: Sequence[Built], threads: int | None) -> None:
    """Train runs as one, as far as their networks have the same shape.

    Raises:
        SweepStopped: one of them failed, and nothing more is to start then.
    """
    for numbers in alike([built.run for built in wave], shape):
        own = [wave[number] for number in numbers]
        failed = LaunchHooks.unfinished
        if len(own) > 1:
            train_group(own, threads)
        else:
            own[0].job.run()
        stops = own[0].job.config.sweep.on_error == "stop"
        if stops and LaunchHooks.unfinished > failed:
            raise SweepStopped


def build(job: Job, data: SharedData) -> Built | None:
    """A job's run, or None if it has to go its own way: it is then said why."""
    job.open()
    built, reason = None, None
    try:
        with within(job), settings(job.config):
            built = prepare(job, data)
            reason = refusal(built.run, built.point) if built else None
    except MISTAKES:
        return None  # its own run finds them again, and tells
    except Exception as error:  # likewise; if not, it should not go unseen
        reason = f"{type(error).__name__}: {error}"
    if reason:
        name = folder_of(job.composed).name
        console.print(f"trained alone: {reason}: {name}", soft_wrap=True)
    return None if reason else built


def prepare(job: Job, data: SharedData) -> Built | None:
    """A job's run as it is to begin or to go on; None if there is nothing to do.

    Raises:
        UserError: a mistake in its config, or its folder holds something else.
    """
    folder = Path(job.config.folder)
    if runs.is_done(folder):
        return None
    earlier, point = resume.recorded(folder, job.config), checkpoints.newest(folder)
    if point:
        resume.refuse_less(job.config, point.content)
    config = complete(job.config)
    run = build_run(config, folder, data.build(config), point)
    return Built(job=job, run=run, point=point, earlier=earlier)


def train_group(group: Sequence[Built], threads: int | None) -> None:
    """Train runs of one shape; each is tested and recorded as soon as it is done."""
    opened: dict[Member, Opened] = {}
    for built in group:
        if (own := Opened.begin(built, len(group))) is not None:
            opened[own.member] = own
    if not opened:
        return
    config = without_ends(group[0].run.config)
    with settings(config), only_logged(True):
        torch.set_num_threads(threads or os.cpu_count() or 1)
        trainer = build_trainer(config)
        try:
            with signals.deferred(), shortage_told():
                trainer.fit(Group(list(opened), lambda member: opened[member].end()))
        except BaseException as error:
            for own in opened.values():
                own.break_off(error)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise KeyboardInterrupt from error  # Lightning makes it a plain exit
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
    def begin(cls, built: Built, together: int) -> "Opened | None":
        """Record a run from now on, and say what is to be trained."""
        job, run, point = built.job, built.run, built.point
        overrides = runs.as_typed(job.composed.hydra.overrides.task)
        recording = ExitStack()
        member = Member(run, lambda: within(job), point.path if point else None)
        own = cls(job, member, recording, {})
        with within(job), settings(run.config):
            try:
                own.summary = recording.enter_context(
                    runs.recording(
                        run.folder, job.config, overrides, earlier=built.earlier
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
        self.job.close(best_value({} if failed else self.summary, self.job.config.mode))
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
