"""The gallery: pictures of options."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from matplotlib import rc_context

from litmlp.course.gallery import (
    activation,
    dropout,
    initializer,
    loss,
    optimizer,
    scheduler,
)
from litmlp.course.gallery.labels import add_heading
from litmlp.course.gallery.options import Option, choose
from litmlp.engine.figures.style import STYLE, save
from litmlp.engine.terminal.console import console, shortest
from litmlp.engine.terminal.mistakes import describe
from litmlp.errors import UserError

MODULES = (activation, initializer, loss, optimizer, scheduler, dropout)
GROUPS = {module.__name__.rpartition(".")[2]: module for module in MODULES}
"""Each has ``measure``, from built parts to numbers, and ``draw``, from numbers to a
figure."""


def draw_gallery(arguments: Sequence[str], folder: Path) -> list[str]:
    """Draw options and return one line for each option that cannot be drawn.

    Args:
        arguments: groups, ``group=option``, ``all`` and values; none is ``all``.
        folder: gets ``<group>/<option>.png``.

    Raises:
        UserError: no such group or option, or a value that does not fit its option.
    """
    options = choose(arguments)
    failures = []
    group = ""
    for option in options:
        if option.group != group:
            group = option.group
            console.print(f"drawing {group}")
        try:
            draw_option(option, folder)
        except Exception as error:  # a user's own option leaves the others alone
            failure = f"{option.headline}: {describe(error)}"
            if option.values:
                raise UserError(failure) from error
            failures.append(failure)
    drawn = len(options) - len(failures)
    console.print(f"{drawn} of {len(options)} drawn in {shortest(folder)}")
    return failures


def draw_option(option: Option, folder: Path) -> None:
    """Write the option's picture, the same every time."""
    group = GROUPS[option.group]
    with fix_random_numbers(), rc_context(STYLE):
        figure = group.draw(group.measure(*option.build()))
        add_heading(figure, option.headline, option.description)
        save(figure, folder / option.group / f"{option.name}.png")


@contextmanager
def fix_random_numbers() -> Iterator[None]:
    """Seed torch, and restore its state after the block."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
