"""The gallery: pictures of options, as files and in TensorBoard."""

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
from torch.utils.tensorboard import FileWriter

from litmlp.course.gallery import (
    activation,
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
    missing_values,
)
from litmlp.engine.figures.style import STYLE, save
from litmlp.engine.folder.tensorboard_internals import picture
from litmlp.engine.option_folders import options_of
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
}
"""Each has ``measure``, from built parts to numbers, and ``draw``, from numbers to a
figure; some have ``overview``, from the numbers of all options to pages."""


def draw_gallery(arguments: Sequence[str], folder: Path) -> list[str]:
    """Draw options and return one line for each option that cannot be drawn.

    Args:
        arguments: groups, ``group=option``, ``all`` and values; none is ``all``.
        folder: gets ``<group>/<option>.png``, for whole groups ``overview/<page>.png``,
            and an event file with every picture in it.

    Raises:
        UserError: no such group or option, or a value that does not fit its option.
    """
    options = choose(arguments)
    measured: dict[str, dict[str, Any]] = defaultdict(dict)
    failures = []
    for group, chosen in groupby(options, key=lambda option: option.group):
        console.print(f"drawing {group}")
        for option in chosen:
            try:
                measured[group][option.name] = draw_option(option, folder)
            except Exception as error:  # a user's own option leaves the others alone
                failure = f"{option.headline}: {describe(error)}"
                if option.values:
                    raise UserError(failure) from error
                failures.append(failure)
    for group, numbers in measured.items():
        drawn = {option.name for option in options if option.group == group}
        if drawn >= set(complete_options(group)):
            draw_overview(group, numbers, folder)
            name_left_out(group, numbers)
    count = write_events(folder)
    where = shortest(folder)
    console.print(
        f"{len(options) - len(failures)} of {len(options)} drawn, {count} pictures in "
        f"{where}. To see them: tensorboard --logdir {where}, under Images",
        soft_wrap=True,
    )
    return failures


def name_left_out(group: str, measured: Collection[str]) -> None:
    """Print the options of a group that need a value before they can be drawn."""
    for name in options_of(group):
        if name not in measured and (keys := missing_values(group, name)):
            values = " ".join(f"{group}.{key}=…" for key in keys)
            console.print(f"not drawn without values: {group}={name} {values}")


def draw_option(option: Option, folder: Path) -> Any:
    """Write the option's picture and return its numbers, the same every time."""
    group = GROUPS[option.group]
    with fix_random_numbers(), rc_context(STYLE):
        measured = group.measure(*option.build())
        figure = group.draw(measured)
        add_heading(figure, option.headline, option.description)
        save(figure, folder / option.group / f"{option.name}.png")
    return measured


@contextmanager
def fix_random_numbers() -> Iterator[None]:
    """Seed torch on one thread, and restore its state after the block."""
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
    """Put the pictures of the folder into a new event file; return their number."""
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
