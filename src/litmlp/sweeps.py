"""Many runs: where each member goes, and what they came to in the end."""

import re
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from rich.table import Table

from litmlp import runs
from litmlp.console import console, table
from litmlp.errors import UserError, fail, report

if TYPE_CHECKING:
    from litmlp.lessons.lesson import Lesson

LONGEST_NAME = 100

SEED = re.compile(r"(seed|seeds\.\w+|data\.split_seed|data\.fold)=")
"""Overrides that repeat a run rather than change what is compared."""


def member_name(overrides: list[str], command: list[str], config: DictConfig) -> str:
    """``activation-relu+seed-3-0a1b2c3d``: what varies, and the config's hash.

    Args:
        overrides: of this member.
        command: of the whole sweep; what stands there too is the same for all.
        config: of this member.
    """
    varying = [override for override in overrides if override not in command]
    parts = [re.sub(r"[^A-Za-z0-9._]+", "-", text.lstrip("+~")) for text in varying]
    name = "+".join(part.strip("-") for part in parts)[:LONGEST_NAME]
    return "-".join(filter(None, [name, runs.config_hash(config)[:8]]))


class LaunchHooks(Callback):
    """What Hydra calls before it makes a folder, and after the last member."""

    unfinished = 0
    """Members of this process's sweep that did not end well."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        try:
            refuse_paths(config.name)
            runs.refuse_taken(Path(config.hydra.run.dir))
        except UserError as error:  # Hydra would only warn of it
            fail(error, full=False)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        try:
            refuse_paths(config.name)
            lesson_of(config)
        except UserError as error:
            fail(error, full=False)
        # Resolved here, the sweep's command is in the cache that members inherit.
        OmegaConf.select(config, "hydra.sweep.subdir")

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        summaries = [
            runs.read_summary(path.parent)
            for path in sorted(folder.glob("*/summary.json"))
        ]
        # Counted first, since Hydra would only warn of an error in what follows.
        ended_badly = sum(summary["status"] != "done" for summary in summaries)
        LaunchHooks.unfinished = max(LaunchHooks.unfinished, ended_badly)
        if summaries:
            show_sweep(summaries)
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


def show_sweep(summaries: Sequence[runs.Summary]) -> None:
    """A line a member, best first; then the mean over seeds of each other choice."""
    shared = set.intersection(*(set(s["overrides"]) for s in summaries))
    monitors = {s["monitor"]["metric"] for s in summaries if "monitor" in s}
    best = monitors.pop() if len(monitors) == 1 else "best"
    members = table("member", "status", best, "test", "", "seconds")
    groups: dict[str, list[runs.Summary]] = defaultdict(list)
    for summary in sorted(summaries, key=rank):
        varying = [text for text in summary["overrides"] if text not in shared]
        name, value = main_result(summary) or ("", None)
        members.add_row(
            " ".join(varying) or "(all alike)",
            summary["status"],
            number(summary.get("best_value")),
            name,
            number(value),
            f"{summary.get('wall_seconds', 0):.1f}",
        )
        if summary["status"] == "done":
            choice = [text for text in varying if not SEED.match(text)]
            groups[" ".join(choice) or "(all)"].append(summary)
    console.print(members)
    for summary in summaries:
        if summary["status"] == "failed":
            console.print(f"{' '.join(summary['overrides'])}: {summary['error']}")
    if any(len(group) > 1 for group in groups.values()):
        console.print(means_over_seeds(groups, best))


def means_over_seeds(groups: dict[str, list[runs.Summary]], best: str) -> Table:
    """Mean ± standard deviation over the members of each group."""
    means = table("mean over seeds and splits", "runs", best, "test", "")
    for choice, group in groups.items():
        results = [result for s in group if (result := main_result(s))]
        means.add_row(
            choice,
            str(len(group)),
            spread([s["best_value"] for s in group]),
            results[0][0] if results else "",
            spread([value for _, value in results]),
        )
    return means


def rank(summary: runs.Summary) -> tuple[str, bool, float]:
    """Sorts by what can be compared, the best monitored value first, none last."""
    different = ("data=", "loss=", "task=")
    compared = " ".join(o for o in summary["overrides"] if o.startswith(different))
    value = summary.get("best_value")
    if value is None:
        return compared, True, 0.0
    return compared, False, -value if summary["monitor"]["mode"] == "max" else value


def main_result(summary: runs.Summary) -> tuple[str, float | None] | None:
    """The name and test value of the task's first metric, if there was a test."""
    for tag, value in summary.get("metrics", {}).items():
        name, split = tag.split("/")
        if split == "test" and name != "loss":
            return name, value
    return None


def spread(values: Sequence[float | None]) -> str:
    """Mean ± sample standard deviation of the values that there are."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        return number(numbers[0] if numbers else None)
    return f"{statistics.mean(numbers):.4f} ± {statistics.stdev(numbers):.4f}"


def number(value: float | None) -> str:
    """Four decimals, or nothing."""
    return "" if value is None else f"{value:.4f}"
