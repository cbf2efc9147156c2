"""Trains the jobs of a sweep, in groups where that is possible."""

import gc
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from joblib import cpu_count
from omegaconf import DictConfig, open_dict

from litmlp.engine.config.build import build_trainer
from litmlp.engine.config.complete_config import complete
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import folder_of
from litmlp.engine.process import signals
from litmlp.engine.run.prepare import build_run
from litmlp.engine.run.resume_point import StartingPoint
from litmlp.engine.sweep.job_launcher import Job
from litmlp.engine.sweep.launch_state import SweepStopped
from litmlp.engine.sweep.parallel_launcher import JobGroups, ParallelLauncher, SentJobs
from litmlp.engine.terminal.console import console, only_logged
from litmlp.engine.terminal.mistakes import explain, is_out_of_memory, report
from litmlp.engine.vectorized.compatibility import (
    differing_keys,
    refusal,
    shape,
    shared_keys,
    try_in_stack,
)
from litmlp.engine.vectorized.data_cache import DataCache
from litmlp.engine.vectorized.display import Display
from litmlp.engine.vectorized.group_training import Group
from litmlp.engine.vectorized.memory_estimate import Capacity
from litmlp.engine.vectorized.recorded_run import RecordedRun, log_to
from litmlp.engine.vectorized.stack import group_indices
from litmlp.engine.vectorized.worker_processes import (
    cut,
    deal_out,
    train_in_processes,
)
from litmlp.errors import UserError

if TYPE_CHECKING:
    from litmlp.engine.sweep.process_pool import Slot

GROUP = 64
"""Runs that another machine trains as one; more of them are hardly faster per run."""

MOST_KEYS = 4
"""Keys that a message names one by one."""


def train_jobs(
    jobs: Sequence[Job],
    *,
    max_members: int | None,
    num_threads: int | None,
    slots: "Sequence[Slot]" = (),
    sender: ParallelLauncher | None = None,
) -> None:
    """Train each job, together with others where possible; each leaves its folder.

    Args:
        jobs: composed, and not begun.
        max_members: the most runs to train at once; None for as many as memory allows,
            and for ``GROUP`` on other machines.
        num_threads: of the CPU, in all processes; None for one per process: only then
            the bits of a run do not depend on the other runs of its group.
        slots: other processes, which train a part of the jobs each.
        sender: sends groups to other machines; None to train all jobs on this machine.
    """
    keys = [shared_keys(job.composed) for job in jobs]
    alike = group_indices(keys, lambda shared: str(sorted(shared.items())))
    groups = [[jobs[i] for i in own] for own in alike]
    if sender:
        send(groups, sender, max_members or GROUP, num_threads or 1)
    else:
        train_here(groups, slots, max_members, num_threads or 1)
    if apart := differing_keys(keys):
        more = f" and {len(apart) - MOST_KEYS} more" if len(apart) > MOST_KEYS else ""
        named = ", ".join(apart[:MOST_KEYS])
        console.print(f"trained apart: jobs that differ in {named}{more}")


def send(groups: JobGroups, sender: ParallelLauncher, size: int, threads: int) -> None:
    """Train groups of so many jobs on other machines."""
    pieces = [p for group in groups for p in cut(group, ceil(len(group) / size))]
    train = partial(train_groups, num_threads=threads)
    sender.train_all([SentJobs(groups=[piece], train=train) for piece in pieces])


def train_here(
    groups: JobGroups,
    slots: "Sequence[Slot]",
    max_members: int | None,
    threads: int,
) -> None:
    """Train groups in this process and in those of the slots."""
    parts = deal_out(groups, 1 + len(slots))
    train = partial(
        train_groups,
        max_members=max_members and max(1, max_members // len(parts)),
        num_threads=max(1, threads // len(parts)),
        processes=len(parts),
    )
    train_in_processes(parts, train, slots)


def train_groups(
    groups: JobGroups,
    display: Display | None = None,
    *,
    max_members: int | None = None,
    num_threads: int,
    processes: int | None = None,
) -> None:
    """Train groups of jobs one after the other, beside other processes.

    Args:
        groups: jobs that are not begun.
        display: counts the jobs; None to show nothing.
        max_members: the most runs at once; None for as many as there is room for.
        num_threads: of the CPU.
        processes: those that share the machine; None for one per core.
    """
    display = display or Display(sum(map(len, groups)), is_shown=False)
    cache, processes = DataCache(), processes or cpu_count()
    with signals.interrupt_on_signal(), ExitStack() as afterwards:
        gc.freeze()  # spares the collector all libraries and configs
        afterwards.callback(gc.unfreeze)
        for jobs in groups:
            for prepared in prepare_groups(
                deque(jobs), cache, display, max_members, processes
            ):
                train_by_shape(prepared, display, num_threads)


def prepare_groups(
    waiting: deque[Job],
    cache: DataCache,
    display: Display,
    max_members: int | None,
    processes: int,
) -> Iterator[list[RecordedRun]]:
    """Yield runs to train at once; train jobs that cannot be stacked.

    Args:
        waiting: jobs that share what the runs of a group must share.
        cache: of their data.
        display: counts the jobs.
        max_members: the most runs at once; None for as many as there is room for.
        processes: the number of processes that share the machine.
    """
    group: list[RecordedRun] = []
    capacity: Capacity | None = None
    while waiting:
        is_single = not group and len(waiting) == 1
        job = waiting.popleft()
        prepared = None if is_single else prepare_or_explain(job, cache)
        if prepared is None:
            job.run()
            display.ended += 1
            continue
        if capacity is None or not capacity.take(prepared.run):
            if group:
                yield group
            group, capacity = [], Capacity(prepared.run, processes, max_members)
        group.append(prepared)
    if group:
        yield group


def train_by_shape(
    prepared: Sequence[RecordedRun], display: Display, threads: int
) -> None:
    """Train runs as one group per shape of their networks.

    Raises:
        SweepStopped: a run failed, and the sweep is to stop then.
    """
    shapes = group_indices([own.run for own in prepared], shape)
    if len(shapes) > 1:
        console.print(f"trained apart: data that make networks of {len(shapes)} shapes")
    for indices in shapes:
        group = [prepared[i] for i in indices]
        if len(group) == 1:
            group[0].job.run()
            display.ended += 1
            continue
        failed = train_group(group, display, threads)
        if failed and group[0].job.config.sweep.on_error == "stop":
            raise SweepStopped


def prepare_or_explain(job: Job, cache: DataCache) -> RecordedRun | None:
    """Prepare a job's run; None, with the reason printed, if it is trained alone."""
    job.open()
    prepared, reason = None, None
    try:
        with log_to(job), run_settings(job.config):
            prepared = prepare(job, cache)
            if prepared:
                reason = refusal(prepared.run, prepared.start.point)
            if prepared and not reason:
                try_in_stack(prepared.run)
    except Exception as error:
        if explain(error) is not None:
            return None  # trained alone, the job reports the mistake
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    if reason:
        name = folder_of(job.composed).name
        console.print(f"trained alone: {reason}: {name}", soft_wrap=True)
    return None if reason else prepared


def prepare(job: Job, cache: DataCache) -> RecordedRun | None:
    """Build a job's run, new or as it resumes; None if its folder is complete.

    Raises:
        UserError: a mistake in the config, or the folder holds something else.
    """
    folder = Path(job.config.folder)
    if run_folder.is_done(folder):
        return None
    start = StartingPoint(folder, job.config)
    start.read()
    config = complete(job.config)
    run = build_run(config, folder, cache.build(config), start.point)
    return RecordedRun(job, run, start)


def train_group(runs: Sequence[RecordedRun], display: Display, threads: int) -> bool:
    """Train runs of one shape; return whether one of them failed.

    Each run is tested and recorded as soon as it is done.
    """
    begun = [run for run in runs if run.begin_record(len(runs))]
    if begun:
        train_begun(begun, display, threads)
    display.ended += len(runs)
    return any(run.failed for run in runs)


def train_begun(runs: Sequence[RecordedRun], display: Display, threads: int) -> None:
    """Train runs of one shape; an error that stops them all is recorded in each."""
    config = endless(runs[0].run.config)
    with run_settings(config), only_logged(True):
        torch.set_num_threads(threads)
        trainer = build_trainer(config, [display])
        try:
            with signals.defer_interrupts():
                trainer.fit(Group(runs))
        except BaseException as found:
            error = UserError(smaller(len(runs))) if is_out_of_memory(found) else found
            for run in runs:
                run.break_off(error)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise KeyboardInterrupt from error  # Lightning makes it a plain exit
            if not isinstance(error, Exception):
                raise
            report(error)


def endless(config: DictConfig) -> DictConfig:
    """Return the config of a Trainer that writes nothing and trains until stopped."""
    config = config.copy()
    config.callbacks, config.logger, config.folder = {}, {}, "."
    config.trainer.max_epochs = -1
    config.trainer.gradient_clip_val = None
    with open_dict(config.trainer):
        config.trainer.enable_checkpointing = False
    return config


def smaller(runs: int) -> str:
    """Return what to do where memory does not suffice for a group of so many runs."""
    return (
        f"out of memory: {runs} runs side by side are too many: "
        f"hydra.launcher.max_members={max(1, runs // 2)}"
    )
