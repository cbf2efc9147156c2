"""From choices to pictures: in a folder, and the same in TensorBoard."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from matplotlib import rc_context
from PIL import Image
from rich.progress import BarColumn, MofNCompleteColumn, Progress
from torch.utils.tensorboard import FileWriter

from litmlp.course.gallery import (
    activation,
    batchnorm,
    dropout,
    initializer,
    loss,
    optimizer,
    scheduler,
)
from litmlp.course.gallery.layout import add_heading
from litmlp.course.gallery.options import (
    Option,
    choose,
    complete_options,
    open_values,
    options_of,
)
from litmlp.engine.figures.style import STYLE, save
from litmlp.engine.folder.tensorboard_internals import picture
from litmlp.engine.terminal.console import console, shortest
from litmlp.engine.terminal.mistakes import describe
from litmlp.errors import UserError

GROUPS: dict[str, ModuleType] = {
    "activation": activation,
    "initializer": initializer,
    "loss": loss,
    "optimizer": optimizer,
    "scheduler": scheduler,
    "dropout": dropout,
    "batchnorm": batchnorm,
}
"""Each has ``measure``, from built parts to numbers, and ``draw``, from these to a
figure; where comparing helps also ``overview``, from the numbers of all to pages."""


def draw_gallery(arguments: Sequence[str], folder: Path) -> list[str]:
    """Draw what is asked for and return a line for each option that cannot be drawn.

    Args:
        arguments: groups, ``group=option``, ``all`` and values; none is ``all``.
        folder: gets ``<group>/<option>.png``, for whole groups ``overview/<page>.png``,
            and an event file with every picture that is in there.

    Raises:
        UserError: no such group or option, or a value that does not fit its option.
    """
    options = choose(arguments)
    numbers: dict[str, dict[str, Any]] = defaultdict(dict)
    failures = []
    for option in in_progress(options):
        try:
            numbers[option.group][option.name] = draw_option(option, folder)
        except Exception as error:  # one of someone's own leaves the others alone
            failure = f"{option.headline}: {describe(error)}"
            if option.values:
                raise UserError(failure) from error
            failures.append(failure)
    for group, measured in numbers.items():
        chosen = {option.name for option in options if option.group == group}
        if chosen >= set(complete_options(group)):
            draw_overview(group, measured, folder)
            say_left_out(group, measured)
    count = write_events(folder)
    where = shortest(folder)
    console.print(
        f"{len(options) - len(failures)} of {len(options)} drawn, {count} pictures in "
        f"{where}. To see them: tensorboard --logdir {where}, under Images",
        soft_wrap=True,
    )
    return failures


def say_left_out(group: str, measured: Collection[str]) -> None:
    """Name the options of a whole group that wait for a value."""
    for name in options_of(group):
        if name not in measured and (keys := open_values(group, name)):
            values = " ".join(f"{group}.{key}=…" for key in keys)
            console.print(f"not drawn without values: {group}={name} {values}")


def in_progress(options: Sequence[Option]) -> Iterator[Option]:
    """The options one by one: a line a group, and in a terminal a bar."""
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn())
    bar = Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    )
    with bar:
        task = bar.add_task("", total=len(options))
        for group, members in groupby(options, key=lambda option: option.group):
            console.print(f"drawing {group}")
            for option in members:
                bar.update(task, description=f"{option.name:<24}")
                yield option
                bar.advance(task)


def draw_option(option: Option, folder: Path) -> Any:
    """Write the option's picture and return the numbers in it, the same every time."""
    group = GROUPS[option.group]
    with repeatable(), rc_context(STYLE):
        measured = group.measure(*option.build())
        figure = group.draw(measured)
        add_heading(figure, option.headline, option.description)
        save(figure, folder / option.group / f"{option.name}.png")
    return measured


@contextmanager
def repeatable() -> Iterator[None]:
    """The same random numbers, on one thread; restored afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small networks gain nothing from more
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            yield
    finally:
        torch.set_num_threads(threads)


def draw_overview(group: str, measured: dict[str, Any], folder: Path) -> None:
    """Write the pages that compare a group's options, if it has any."""
    overview = getattr(GROUPS[group], "overview", None)
    if overview is None:
        return
    with rc_context(STYLE):
        for name, figure in overview(measured).items():
            save(figure, folder / "overview" / f"{name}.png")


def write_events(folder: Path) -> int:
    """Put the folder's pictures into a new event file, and return their number."""
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    writer = FileWriter(str(folder))
    pictures = [
        path
        for name in (*GROUPS, "overview")
        for path in sorted((folder / name).rglob("*.png"))
    ]
    for path in pictures:
        with Image.open(path) as image:
            width, height = image.size
        tag = path.relative_to(folder).with_suffix("").as_posix()
        png = path.read_bytes()
        writer.add_summary(picture(tag, png, width=width, height=height))
    writer.close()
    return len(pictures)
