"""Hooks that Hydra calls at the beginning and at the end of a launch."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, cast

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError

from litmlp.engine.config.launch_command import as_typed
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import holds_runs
from litmlp.engine.folder.untrusted_folder import check_links
from litmlp.engine.run import resume
from litmlp.engine.sweep.launch_checks import (
    check_name,
    check_on_error,
    check_resumed_folder,
    check_single_run,
    repeat_with_seeds,
    resume_sweep,
)
from litmlp.engine.sweep.launch_state import (
    Launch,
    LaunchRefused,
    show_left_over,
    this_launch,
)
from litmlp.engine.terminal.console import console
from litmlp.engine.terminal.mistakes import report
from litmlp.errors import UserError


class Lesson(Protocol):
    """An object under ``lesson:`` in a sweep's config, called when the sweep ends."""

    def conclude(self, folder: Path, /) -> None:
        """Draw conclusions from the folder of the finished sweep."""


class LaunchHooks(Callback):
    """Checks a launch before Hydra makes its folder, and concludes a sweep."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        try:
            check_name(config.name)
            check_single_run(config)
            if config.resume is None:
                check_links(Path(config.hydra.run.dir))
                run_folder.check_free(Path(config.hydra.run.dir))
            else:
                resume.check_changes(as_typed(config.hydra.overrides.task))
                check_resumed_folder(config)
        except UserError as error:
            raise LaunchRefused(error) from error

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        try:
            check_name(config.name)
            if config.resume is not None:
                raise UserError("resume= goes on with a single run: leave out -m")
            check_on_error(config)
            resume_sweep(config)
            check_links(Path(config.hydra.sweep.dir))
            repeat_with_seeds(config)
            lesson_of(config)
        except UserError as error:
            raise LaunchRefused(error) from error
        # Resolving this value caches the sweep's command, which its runs then inherit.
        with suppress(InterpolationToMissingValueError):  # as ${hydra.job.num}
            OmegaConf.select(config, "hydra.sweep.subdir")
        this_launch().sweep = config

    def on_job_end(
        self, config: DictConfig, job_return: JobReturn, **kwargs: Any
    ) -> None:
        """Let a sweep keep the folder of each job, not its whole config."""
        if config.hydra.mode == RunMode.MULTIRUN:
            runtime = {"output_dir": config.hydra.runtime.output_dir}
            job_return.cfg = None
            job_return.hydra_cfg = OmegaConf.create({"hydra": {"runtime": runtime}})

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        conclude_sweep(this_launch())


def conclude_sweep(launch: Launch) -> None:
    """Report a sweep, gather its folds, draw its lesson, and say what is left to do."""
    assert launch.sweep is not None
    folder = Path(launch.sweep.hydra.sweep.dir)
    left = launch.left_over(folder)
    # Counted first, since Hydra would only warn of an error in what follows.
    launch.failures += len(left)
    if holds_runs(folder):
        report_sweep(folder)
    if any(folder.glob("*/predictions.csv")):
        # Loading takes seconds: other sweeps do not wait.
        from litmlp.engine.sweep.out_of_fold import gather_folds

        gather_folds(folder)
    try:
        if lesson := lesson_of(launch.sweep):
            lesson.conclude(folder)
    except UserError as error:
        report(error)
        launch.failures += 1
    show_left_over(left, folder)
    console.print(f"folder       {folder}", soft_wrap=True)
    console.print(f"look at it   tensorboard --logdir {folder}", soft_wrap=True)


def lesson_of(config: DictConfig) -> Lesson | None:
    """Build the ``lesson:`` of a sweep's config, if there is one."""
    if not config.get("lesson"):
        return None
    # Loading takes seconds: sweeps without a lesson do not wait.
    from litmlp.engine.config.instantiate_node import construct_node

    return cast(Lesson, construct_node(config.lesson, "lesson"))


def report_sweep(folder: Path) -> None:
    """Report the results of a sweep on the console and as pages in ``report/``."""
    # Loading takes a second: not before it is due.
    from litmlp.engine.report.make_report import report_runs

    try:
        report_runs([str(folder)], with_failures=False)  # conclude_sweep lists them
    except UserError as error:
        report(error)
