"""Many runs: what a launch is to begin with, and what it came to in the end."""

import shlex
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.config.overrides import as_typed
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import (
    error_of,
    holds_runs,
    status_of,
)
from litmlp.engine.folder.untrusted import refuse_ways_out
from litmlp.engine.run import resume
from litmlp.engine.sweep.launch_checks import (
    check_on_error,
    refuse_elsewhere,
    refuse_other_kind,
    refuse_paths,
    refuse_sweeping,
    repeat_with_seeds,
    resume_sweep,
)
from litmlp.engine.terminal.console import console, shortest, table
from litmlp.engine.terminal.mistakes import fail, report
from litmlp.errors import UserError

Planned = Mapping[Path, Sequence[str]]
"""The folders of a sweep's members and their overrides."""

MEANINGS = {
    "done": "done (skipped)",
    "running": "in use by another process (skipped)",
    "interrupted": "interrupted (goes on)",
    "failed": "failed (trained anew)",
    "new": "new",
}
"""What a sweep does with a member that it finds so."""


GRACE = 5.0
"""Seconds in which the processes of a launcher that was killed notice it and end."""

NAMES = {"new": "not started"}
"""What a sweep that ends calls them, where it is something else."""


class Lesson(Protocol):
    """An object under ``lesson:`` in a sweep's config, called when the sweep ends."""

    def conclude(self, folder: Path, /) -> None:
        """Draw conclusions from the folder of the finished sweep."""


class SweepStopped(BaseException):
    """A member failed and ``sweep.on_error=stop``; no error that a launcher catches."""


class LaunchHooks(Callback):
    """What Hydra calls before it makes a folder, and after the last member."""

    unfinished = 0
    """Members of this process's sweep that did not end well."""

    launched: ClassVar[DictConfig | None] = None
    """The config of this process's sweep."""

    planned: ClassVar[Planned] = {}
    """All its members, if its sweeper knows them beforehand."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        try:
            refuse_paths(config.name)
            refuse_sweeping(config)
            if config.resume is None:
                refuse_ways_out(Path(config.hydra.run.dir))
                run_folder.refuse_taken(Path(config.hydra.run.dir))
            else:
                resume.refuse_changes(as_typed(config.hydra.overrides.task))
                refuse_elsewhere(config)
        except UserError as error:  # Hydra would only warn of it
            fail(error, full=False)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        try:
            refuse_paths(config.name)
            if config.resume is not None:
                raise UserError("resume= goes on with a single run: leave out -m")
            check_on_error(config)
            resume_sweep(config)
            refuse_ways_out(Path(config.hydra.sweep.dir))
            refuse_other_kind(config)
            repeat_with_seeds(config)
            lesson_of(config)
        except UserError as error:
            fail(error, full=False)
        # Resolved here, the sweep's command is in the cache that members inherit.
        OmegaConf.select(config, "hydra.sweep.subdir")
        LaunchHooks.launched = config

    def on_job_end(
        self, config: DictConfig, job_return: JobReturn, **kwargs: Any
    ) -> None:
        """Let a sweep keep of each job where it was, and not its whole config."""
        if config.hydra.mode == RunMode.MULTIRUN:
            runtime = {"output_dir": config.hydra.runtime.output_dir}
            job_return.cfg = None
            job_return.hydra_cfg = OmegaConf.create({"hydra": {"runtime": runtime}})

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        left = left_over(folder)
        # Counted first, since Hydra would only warn of an error in what follows.
        LaunchHooks.unfinished = max(LaunchHooks.unfinished, len(left))
        if holds_runs(folder):
            report_sweep(folder)
        if any(folder.glob("*/predictions.csv")):
            from litmlp.engine.sweep.cross_validation import (
                gather_folds,  # takes seconds
            )

            gather_folds(folder)
        try:
            if lesson := lesson_of(config):
                lesson.conclude(folder)
        except UserError as error:
            report(error, full=False)
            LaunchHooks.unfinished += 1
        show_left_over(left, folder)
        console.print(f"folder       {folder}", soft_wrap=True)
        console.print(f"look at it   tensorboard --logdir {folder}", soft_wrap=True)


def still_to_train(planned: Planned) -> list[Sequence[str]]:
    """The overrides of the members that are not done; says what becomes of the others.

    A failed member leaves nothing behind that its next attempt could mix with.
    """
    standings = settled(planned)
    if set(standings.values()) - {"new"}:
        counts = Counter(standings.values())
        parts = [f"{counts[key]} {MEANINGS[key]}" for key in MEANINGS if counts[key]]
        console.print(f"{len(planned)} runs: {', '.join(parts)}", soft_wrap=True)
    for folder, status in standings.items():
        if status in ("done", "running"):
            line = f"  {place(folder)}skipped: {status}  {folder.name}"
            console.print(line, soft_wrap=True)
        if status == "failed":
            run_folder.discard(folder)
    left = [f for f, status in standings.items() if status not in ("done", "running")]
    return [planned[folder] for folder in left]


def settled(planned: Planned) -> dict[Path, str]:
    """What has become of each member, once those of a killed launcher have ended."""
    end = time.monotonic() + GRACE
    while True:
        standings = {folder: status_of(folder) for folder in planned}
        if "running" not in standings.values() or time.monotonic() > end:
            return standings
        time.sleep(0.2)


def place(folder: Path) -> str:
    """``3/8  `` for the third of the eight members of this process's sweep."""
    folders = [*LaunchHooks.planned]
    if folder.absolute() not in folders:
        return ""
    return f"{folders.index(folder.absolute()) + 1}/{len(folders)}  "


def left_over(sweep: Path) -> dict[Path, str]:
    """Members that are not done, with what they are instead."""
    found = sorted(path.parent.absolute() for path in sweep.glob("*/summary.json"))
    everyone = dict.fromkeys([*LaunchHooks.planned, *found])
    standings = {folder: status_of(folder) for folder in everyone}
    return {f: status for f, status in standings.items() if status != "done"}


def show_left_over(left: Mapping[Path, str], sweep: Path) -> None:
    """Which members are not done and why, and the command that sees to them."""
    if not left:
        return
    rows = table("not done", "status", "error")
    for column in rows.columns:
        column.justify, column.overflow = "left", "fold"
    for folder, status in left.items():
        rows.add_row(folder.name, NAMES.get(status, status), error_of(folder))
    console.print(rows)
    console.print(f"resume       {resuming_command(sweep)}", soft_wrap=True)


def resuming_command(sweep: Path) -> str:
    """What to type to finish a sweep of this process."""
    typed = [text for text in sys.argv if not text.startswith("sweep.resume=")]
    return shlex.join(["python", *typed, f"sweep.resume={shortest(sweep)}"])


def lesson_of(config: DictConfig) -> Lesson | None:
    """Build the ``lesson:`` of a sweep's config, if there is one.

    Raises:
        UserError: a mistake in ``lesson:``.
    """
    if not config.get("lesson"):
        return None
    # Loading takes seconds: sweeps without a lesson do not wait.
    from litmlp.engine.config.nodes import construct_node

    return cast(Lesson, construct_node(config.lesson, "lesson"))


def report_sweep(folder: Path) -> None:
    """What the members came to, on the console and as pages in ``report/``."""
    from litmlp.engine.report.write import (
        report_runs,  # takes a second: not before it is due
    )

    try:
        report_runs([str(folder)], unfinished=False)
    except UserError as error:
        report(error, full=False)
