"""Many runs: where each member goes, and what they came to in the end."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write

from litmlp import resume, runs
from litmlp.console import console
from litmlp.errors import UserError, fail, report

if TYPE_CHECKING:
    from litmlp.lessons.lesson import Lesson

LONGEST_NAME = 100

SEED = re.compile(r"(seed|seeds\.\w+|data\.(seed|split_seed|fold))=")
"""Overrides that repeat a run rather than change what is compared."""


LONG = re.compile(r"\d+\.\d{5,}(e[+-]?\d+)?")
OF_SWEEP = re.compile(r"sweep\.")


def member_name(overrides: list[str], command: list[str], config: DictConfig) -> str:
    """``activation-relu+seed-3-0a1b2c3d``: what varies, and the config's hash.

    Args:
        overrides: of this member.
        command: of the whole sweep; what stands there too is the same for all.
        config: of this member.
    """
    texts = [text.lstrip("+~") for text in overrides if text not in command]
    varying = [LONG.sub(rounded, text) for text in texts if not OF_SWEEP.match(text)]
    parts = [re.sub(r"[^A-Za-z0-9._]+", "-", text) for text in varying]
    name = "+".join(part.strip("-") for part in parts)[:LONGEST_NAME]
    return "-".join(filter(None, [name, runs.config_hash(config)[:8]]))


def rounded(number: re.Match[str]) -> str:
    """Four digits of a long number, such as a sampler chooses."""
    return f"{float(number[0]):.4g}"


class LaunchHooks(Callback):
    """What Hydra calls before it makes a folder, and after the last member."""

    unfinished = 0
    """Members of this process's sweep that did not end well."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        try:
            refuse_paths(config.name)
            refuse_seeds(config)
            if config.resume is None:
                runs.refuse_taken(Path(config.hydra.run.dir))
            else:
                resume.refuse_changes(runs.as_typed(config.hydra.overrides.task))
                refuse_elsewhere(config)
        except UserError as error:  # Hydra would only warn of it
            fail(error, full=False)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        try:
            refuse_paths(config.name)
            if config.resume is not None:
                raise UserError("resume= goes on with a single run: leave out -m")
            repeat_with_seeds(config)
            lesson_of(config)
        except UserError as error:
            fail(error, full=False)
        # Resolved here, the sweep's command is in the cache that members inherit.
        OmegaConf.select(config, "hydra.sweep.subdir")

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        members = [path.parent for path in folder.glob("*/summary.json")]
        # Counted first, since Hydra would only warn of an error in what follows.
        unfinished = sum(map(ended_badly, members))
        LaunchHooks.unfinished = max(LaunchHooks.unfinished, unfinished)
        if members:
            report_sweep(folder)
        if any(folder.glob("*/predictions.csv")):
            from litmlp.cross_validation import gather_folds  # takes seconds

            gather_folds(folder)
        try:
            conclude_lesson(config, folder)
        except UserError as error:
            report(error, full=False)
            LaunchHooks.unfinished += 1
        console.print(f"folder       {folder}", soft_wrap=True)
        console.print(f"look at it   tensorboard --logdir {folder}", soft_wrap=True)


def lesson_of(config: DictConfig) -> "Lesson | None":
    """The lesson that a sweep is run for, if there is one.

    Raises:
        UserError: a mistake in its ``lesson:``.
    """
    if not config.get("lesson"):
        return None
    from litmlp.construct import construct  # takes seconds: other sweeps do not wait

    return cast("Lesson", construct(config.lesson, "lesson"))


def conclude_lesson(config: DictConfig, folder: Path) -> None:
    """Say and draw what a lesson's sweep has shown."""
    if lesson := lesson_of(config):
        from litmlp.lessons.report import conclude  # likewise

        conclude(lesson, folder)


def refuse_paths(name: str) -> None:
    """A name is a folder under logs/ and leads nowhere else.

    Raises:
        UserError: it is a path.
    """
    if not re.fullmatch(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*", str(name)):
        raise UserError(f"name={name}: only letters, digits and ._+- are allowed")


def refuse_elsewhere(config: DictConfig) -> None:
    """A run goes on where it is.

    Raises:
        UserError: it should go on in another folder, or there is no such run.
    """
    folder = resume.run_folder(Path("logs") / config.name / "runs", config.resume)
    if Path(config.hydra.run.dir) != folder:
        raise UserError(f"hydra.run.dir={config.hydra.run.dir}: resume= says where")


def refuse_seeds(config: DictConfig) -> None:
    """A single run has one seed.

    Raises:
        UserError: several are asked for.
    """
    for override in runs.as_typed(config.hydra.overrides.task):
        if override.startswith("sweep.seeds="):
            raise UserError(f"{override} repeats the runs of a sweep: add -m")


def repeat_with_seeds(config: DictConfig) -> None:
    """``sweep.seeds=5`` is as if ``seed=range(5)`` were typed, too.

    Raises:
        UserError: it is no number of seeds, or seeds are chosen already.
    """
    seeds = config.sweep.seeds
    if seeds is None:
        return
    if type(seeds) is not int or seeds < 1:
        raise UserError(f"sweep.seeds={seeds}: expected a number of 1 or more")
    for override in runs.as_typed(config.hydra.overrides.task):
        if override.startswith("seed="):
            raise UserError(
                f"{override}: sweep.seeds={seeds} says which; give only one"
            )
    with read_write(config.hydra):
        config.hydra.overrides.task.append(f"seed=range({seeds})")


def report_sweep(folder: Path) -> None:
    """What the members came to, on the console and as pages in ``report/``."""
    from litmlp.report.write import report_runs  # takes a second: not before it is due

    try:
        report_runs([str(folder)])
    except UserError as error:
        report(error, full=False)


def ended_badly(member: Path) -> bool:
    """Whether a member is anything else than done."""
    try:
        return not runs.is_done(member)
    except UserError:  # of a broken summary
        return True


def main_result(summary: runs.Summary) -> tuple[str, float | None] | None:
    """The name and test value of the task's first metric, if there was a test."""
    for tag, value in summary.get("metrics", {}).items():
        name, split = tag.split("/")
        if split == "test" and name != "loss":
            return name, value
    return None
