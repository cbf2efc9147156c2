"""Trains the jobs of a sweep, in groups where that is possible."""

import gc
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import torch

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
from litmlp.engine.sweep.process_pool import Slot
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
from litmlp.engine.vectorized.recorded_run import RecordedRun, log_to
from litmlp.engine.vectorized.stack import group_indices
from litmlp.engine.vectorized.worker_processes import deal_out, train_in_processes
from litmlp.errors import UserError

FILES = 1024
"""Open files of a process: each run of a group has four, and macOS allows 256."""


def train_jobs(
    jobs: Sequence[Job],
    *,
    max_members: int,
    num_threads: int | None,
    slots: Sequence[Slot] = (),
    sender: ParallelLauncher | None = None,
) -> None:
    """Train each job, together with others where possible; each leaves its folder.

    Args:
        jobs: composed, and not begun.
        max_members: the most runs of a group.
        num_threads: of the CPU, in all processes; None for one per process: only then
            the bits of a run do not depend on the other runs of its group.
        slots: other processes, which train a part of the jobs each.
        sender: sends groups to other machines; None to train all jobs on this machine.
    """
    keys = [shared_keys(job.composed) for job in jobs]
    alike = group_indices(keys, lambda shared: str(sorted(shared.items())))
    groups = [[jobs[i] for i in own] for own in alike]
    threads = num_threads or 1
    parts = deal_out(groups, 1 + len(slots), max_members)
    if sender:
        train = partial(train_groups, num_threads=threads)
        sender.train_all([SentJobs(groups=[own], train=train) for own in parts[0]])
    else:
        each = max(1, threads // len(parts))
        train_in_processes(parts, partial(train_groups, num_threads=each), slots)
    if apart := differing_keys(keys):
        named = ", ".join(apart)
        console.print(f"trained apart: jobs that differ in {named}", soft_wrap=True)


def train_groups(
    groups: JobGroups, display: Display | None = None, *, num_threads: int
) -> None:
    """Train groups of jobs one after the other."""
    display = display or Display(sum(map(len, groups)), is_shown=False)
    cache = DataCache()
    allow_open_files()
    with signals.interrupt_on_signal(), ExitStack() as afterwards:
        gc.freeze()  # spares the collector all libraries and configs
        afterwards.callback(gc.unfreeze)
        for jobs in groups:
            prepared = prepare_runs(jobs, cache, display)
            train_by_shape(prepared, display, num_threads)


def allow_open_files() -> None:
    """Let this process open enough files for a group, if the system allows it."""
    if sys.platform != "win32":
        import resource  # Windows has no such module

        current, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if current < FILES <= most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, most))


def prepare_runs(
    jobs: Sequence[Job], cache: DataCache, display: Display
) -> list[RecordedRun]:
    """Return runs to train at once; train jobs that cannot be stacked."""
    runs: list[RecordedRun] = []
    for i, job in enumerate(jobs):
        is_single = not runs and i + 1 == len(jobs)
        prepared = None if is_single else prepare_or_explain(job, cache)
        if prepared:
            runs.append(prepared)
        else:
            job.run()
            display.ended += 1
    return runs


def prepare_or_explain(job: Job, cache: DataCache) -> RecordedRun | None:
    """Prepare a job's run; None, with the reason printed, if it is trained alone."""
    job.open()
    try:
        with log_to(job), run_settings(job.config):
            folder = Path(job.config.folder)
            if run_folder.is_done(folder):
                return None
            start = StartingPoint(folder, job.config)
            start.read()
            config = complete(job.config)
            run = build_run(config, folder, cache.build(config), start.point)
            prepared = RecordedRun(job, run, start)
            reason = refusal(run, start.point)
            if reason is None:
                try_in_stack(run)
                return prepared
            reason += " cannot be stacked"
    except Exception as error:
        if explain(error) is not None:
            return None  # trained alone, the job reports the mistake
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    name = folder_of(job.composed).name
    console.print(f"trained alone: {reason}: {name}", soft_wrap=True)
    return None


def train_by_shape(runs: Sequence[RecordedRun], display: Display, threads: int) -> None:
    """Train runs as one group per shape of their networks; a failure may stop them."""
    shapes = group_indices([own.run for own in runs], shape)
    if len(shapes) > 1:
        console.print(f"trained apart: networks or batches of {len(shapes)} sizes")
    for indices in shapes:
        group = [runs[i] for i in indices]
        if len(group) == 1:
            group[0].job.run()
        elif begun := [run for run in group if run.begin_record(len(group))]:
            train_group(begun, display, threads)
        display.ended += len(group)
        stops = group[0].job.config.sweep.on_error == "stop"
        if stops and any(run.failed for run in group):
            raise SweepStopped


def train_group(runs: Sequence[RecordedRun], display: Display, threads: int) -> None:
    """Train runs of one shape, each of which is tested and recorded when it is done.

    An error that stops them all is recorded in each.
    """
    with run_settings(runs[0].run.config), only_logged(True):
        torch.set_num_threads(threads)
        try:
            with signals.defer_interrupts():
                Group(runs).train(display.show_epoch)
        except BaseException as found:
            error = found
            if is_out_of_memory(found):
                error = UserError(
                    f"out of memory: {len(runs)} runs side by side are too many: "
                    f"hydra.launcher.max_members={max(1, len(runs) // 2)}"
                )
            for run in runs:
                run.break_off(error)
            if not isinstance(error, Exception):
                raise
            report(error)
