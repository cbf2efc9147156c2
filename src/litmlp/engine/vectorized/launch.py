"""A sweep's jobs, those that fit together trained as one."""

import gc
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from omegaconf import DictConfig, open_dict

from litmlp.engine.config.build import build_trainer
from litmlp.engine.config.complete import complete
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import folder_of
from litmlp.engine.process import signals
from litmlp.engine.run.prepare import build_run
from litmlp.engine.run.starting_point import StartingPoint
from litmlp.engine.sweep.jobs import Job
from litmlp.engine.sweep.launch import SweepStopped
from litmlp.engine.terminal.console import console, only_logged
from litmlp.engine.terminal.mistakes import explain, is_out_of_memory, report
from litmlp.engine.vectorized.compatibility import (
    keys_apart,
    refusal,
    shape,
    shared_keys,
    sorted_apart,
)
from litmlp.engine.vectorized.data_cache import SharedData
from litmlp.engine.vectorized.dealing import Groups, dealt
from litmlp.engine.vectorized.dry_run import loss_in_stack
from litmlp.engine.vectorized.group import Group
from litmlp.engine.vectorized.member import Member
from litmlp.engine.vectorized.memory_estimate import Room
from litmlp.engine.vectorized.progress_table import Tally
from litmlp.engine.vectorized.recorded_run import Built, Opened, within
from litmlp.engine.vectorized.stacked_loss import alike
from litmlp.engine.vectorized.worker_processes import train_shares
from litmlp.errors import UserError

if TYPE_CHECKING:
    from litmlp.engine.sweep.process_pool import Slot


def without_ends(config: DictConfig) -> DictConfig:
    """The config of a Trainer that leaves no files and goes on until it is stopped."""
    config = config.copy()
    config.callbacks, config.logger, config.folder = {}, {}, "."
    config.trainer.max_epochs = -1
    config.trainer.gradient_clip_val = None
    with open_dict(config.trainer):
        config.trainer.enable_checkpointing = False
    return config


def train_jobs(
    jobs: Sequence[Job],
    *,
    max_members: int | None,
    num_threads: int | None,
    slots: "Sequence[Slot]" = (),
) -> None:
    """Train each job, together with others where it can be; each leaves its folder.

    Args:
        jobs: composed, and not begun.
        max_members: the most to train at once; None for as many as memory allows.
        num_threads: of the CPU; None for one a process: only then the bits of a run
            do not depend on who else is in its group.
        slots: other processes that take a share of the jobs and threads, each.
    """
    keys = [shared_keys(job.composed) for job in jobs]
    groups = [[jobs[number] for number in numbers] for numbers in sorted_apart(keys)]
    shares = dealt(groups, 1 + len(slots))
    train = partial(
        train_groups,
        max_members=max_members and max(1, max_members // len(shares)),
        num_threads=max(1, (num_threads or 1) // len(shares)),
        processes=len(shares),
    )
    train_shares(shares, train, slots)
    if apart := keys_apart(keys):
        console.print(f"trained apart: jobs that differ in {', '.join(apart)}")


def train_groups(
    groups: Groups,
    tally: Tally,
    *,
    max_members: int | None,
    num_threads: int,
    processes: int,
) -> None:
    """Train what can perhaps be stacked, group by group, beside other processes."""
    data = SharedData()
    with signals.interrupt_on_signal(), collecting_only_new():
        for group in groups:
            for wave in waves(deque(group), data, tally, max_members, processes):
                train_wave(wave, tally, num_threads)


@contextmanager
def collecting_only_new() -> Iterator[None]:
    """Spare the garbage collector what stands already: libraries, and configs."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def waves(
    waiting: deque[Job],
    data: SharedData,
    tally: Tally,
    max_members: int | None,
    processes: int,
) -> Iterator[list[Built]]:
    """Built jobs to train at once; trains those that cannot be stacked.

    Args:
        max_members: the most at once; None for as many as there is room for.
    """
    wave: list[Built] = []
    room: Room | None = None
    while waiting:
        alone = not wave and len(waiting) == 1
        job = waiting.popleft()
        built = None if alone else build(job, data)
        tally.count("built")
        if built is None:
            job.run()
            tally.count("ended")
            continue
        if room is None or not room.take(built.run):
            if wave:
                yield wave
            wave, room = [], Room(built.run, processes, max_members)
        wave.append(built)
    if wave:
        yield wave


def train_wave(wave: Sequence[Built], tally: Tally, threads: int) -> None:
    """Train runs as one, as far as their networks have the same shape.

    Raises:
        SweepStopped: one of them failed, and nothing more is to start then.
    """
    shapes = alike([built.run for built in wave], shape)
    if len(shapes) > 1:
        console.print(f"trained apart: data that make networks of {len(shapes)} shapes")
    for numbers in shapes:
        own = [wave[number] for number in numbers]
        if len(own) == 1:
            own[0].job.run()
            tally.count("ended")
            continue
        failed = train_group(own, tally, threads)
        if failed and own[0].job.config.sweep.on_error == "stop":
            raise SweepStopped


def build(job: Job, data: SharedData) -> Built | None:
    """A job's run, or None if it has to go its own way: it is then said why."""
    job.open()
    built, reason = None, None
    try:
        with within(job), run_settings(job.config):
            built = prepare(job, data)
            reason = refusal(built.run, built.start.point) if built else None
            if built and not reason:
                loss_in_stack(built.run)
    except Exception as error:
        if explain(error) is not None:
            return None  # its own run finds the mistake again, and tells
        # Likewise, or a group could not follow it.
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
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
    if run_folder.is_done(folder):
        return None
    start = StartingPoint(folder, job.config)
    start.look()
    config = complete(job.config)
    run = build_run(config, folder, data.build(config), start.point)
    return Built(job=job, run=run, start=start)


def train_group(group: Sequence[Built], tally: Tally, threads: int) -> bool:
    """Train runs of one shape; return whether one of them failed.

    Each is tested and recorded as soon as it is done.
    """
    opened: dict[Member, Opened] = {}
    for built in group:
        if (own := Opened.begin(built, len(group))) is not None:
            opened[own.member] = own
    tally.count("ended", len(group) - len(opened))
    if not opened:
        return True

    def ending(member: Member) -> None:
        opened[member].end()
        tally.leave(member)

    config = without_ends(group[0].run.config)
    with run_settings(config), only_logged(True):
        torch.set_num_threads(threads)
        trainer = build_trainer(config, [tally])
        try:
            with signals.defer_interrupts():
                trainer.fit(Group(list(opened), ending))
        except BaseException as found:
            short = is_out_of_memory(found)
            error = UserError(fewer(len(group))) if short else found
            for own in opened.values():
                own.break_off(error)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise KeyboardInterrupt from error  # Lightning makes it a plain exit
            if not isinstance(error, Exception):
                raise
            report(error)
    return len(opened) < len(group) or any(own.failed for own in opened.values())


def fewer(members: int) -> str:
    """What to do where memory does not suffice for a group of so many."""
    most = max(1, members // 2)
    return (
        f"out of memory: {members} runs side by side are too many: "
        f"hydra.launcher.max_members={most}"
    )
