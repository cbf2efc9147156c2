"""Shows how far a sweep's runs are that train side by side, in all processes."""

import math
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from litmlp.callbacks.progress import Milestones
from litmlp.engine.terminal.console import console
from litmlp.engine.terminal.progress_bars import bars
from litmlp.engine.vectorized.progress_table import KIND, Tally, best

INTERVAL = 0.25
"""Seconds between two looks at how far the processes are."""

EVERY_SHARE = 0.1
"""Of the sweep: where there is no bar, a line after each."""

STREAMS: dict[str, Any] = {"stdout": redirect_stdout, "stderr": redirect_stderr}


@dataclass(frozen=True)
class Place:
    """Where another process leaves word of how far it is, and what is to be said.

    Args:
        folder: that all processes know.
        number: of the process.
    """

    folder: Path
    number: int

    @contextmanager
    def taken(self) -> Iterator[Tally]:
        """Leave word there, within the block, of all that is printed, too."""
        rows = np.memmap(self.folder / "tallies", KIND, "r+")
        with ExitStack() as stack:
            for name, redirected in STREAMS.items():
                file = stack.enter_context(self.opened(name))
                stack.enter_context(redirected(file))
            yield Tally(rows[self.number])

    def opened(self, stream: str) -> IO[str]:
        """What the process says there."""
        path = self.folder / f"{stream}-{self.number}"
        return path.open("a+", buffering=1, encoding="utf-8", errors="replace")


class Display:
    """A bar in a terminal, a line now and then elsewhere; passes on what others say.

    Args:
        runs: of the sweep.
        rows: one a process, of ``KIND``; the first is of this one.
        said: what the other processes say, by the stream that it is for.
    """

    def __init__(
        self, *, runs: int, rows: np.ndarray, said: Sequence[tuple[str, IO[str]]] = ()
    ) -> None:
        self.runs, self.rows, self.said = runs, rows, said
        self.update: Callable[..., None] | None = None
        """Changes the bar, if there is one."""
        self._milestones = Milestones(EVERY_SHARE)

    def tally(self, process: int = 0) -> Tally:
        """What notes how far a process is, 0 for this one."""
        return Tally(self.rows[process])

    def look(self) -> None:
        """Show how far it is now."""
        for stream, file in self.said:
            if text := file.read():
                print(text, end="", file=getattr(sys, stream), flush=True)
        share = (self.rows["ended"] + self.rows["share"]).sum() / self.runs
        if self.update:
            self.update(description=self.line(), completed=share)
        elif self.rows["training"].any() and self._milestones.is_passed(share):
            console.print(self.line())

    def line(self) -> str:
        """Epoch, runs that train and that have ended, the best value of all of them."""
        rows = self.rows
        parts = [f"{rows['built'].sum()} of {self.runs} runs built"]
        if len(at_work := rows[rows["training"] > 0]):
            epoch, limit = at_work["epoch"].min(), at_work["limit"].max()
            parts = [f"epoch {epoch}{f'/{limit}' if limit > 0 else ''}"]
            parts += [f"{at_work['training'].sum()} of {self.runs} runs train"]
        if ended := rows["ended"].sum():
            parts.append(f"{ended} ended")
        told = rows[rows["metric"] != ""]
        if len(metrics := {*told[["metric", "mode"]].tolist()}) == 1:
            metric, mode = metrics.pop()
            value = best(told["best"], mode)
            parts += [f"best {metric} {value:.4g}"] if math.isfinite(value) else []
        return "  ".join(parts)

    def watch(self, over: threading.Event) -> None:
        """Look now and then, and at last when it is over."""
        while not over.wait(INTERVAL):
            self.look()
        self.look()


@contextmanager
def shown(runs: int, processes: int) -> Iterator[tuple[Display, list[Place]]]:
    """Show how far so many runs are, within the block.

    Yields:
        what shows it, and a place for each of the other processes.
    """
    with ExitStack() as stack:
        rows, places = np.zeros(processes, KIND), []
        if processes > 1:
            # Windows lets no file go that is mapped to memory.
            made = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(made))
            rows = np.memmap(folder / "tallies", KIND, "w+", shape=processes)
            places = [Place(folder, number) for number in range(1, processes)]
        said = [
            (name, stack.enter_context(place.opened(name)))
            for place in places
            for name in STREAMS
        ]
        display = Display(runs=runs, rows=rows, said=said)
        if console.is_terminal:
            own = stack.enter_context(bars())
            display.update = partial(own.update, own.add_task("", total=1.0))
        over = threading.Event()
        watching = threading.Thread(target=display.watch, args=[over], daemon=True)
        watching.start()
        try:
            yield display, places
        finally:
            over.set()
            watching.join()
