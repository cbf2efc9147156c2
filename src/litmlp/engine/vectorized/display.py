"""Shows how far the runs of a process are that train side by side."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer

from litmlp.callbacks.progress import Milestones, fraction_done
from litmlp.engine.terminal.console import WIDTH, SafeConsole, console
from litmlp.engine.terminal.progress_bars import bars
from litmlp.engine.vectorized.group_training import Group

STREAMS: dict[str, Any] = {"stdout": redirect_stdout, "stderr": redirect_stderr}


@dataclass(frozen=True)
class Output:
    """Files into which another process writes what it prints.

    Args:
        folder: that both processes know.
        name: of the other process.
    """

    folder: Path
    name: str

    def open(self, stream: str) -> IO[str]:
        """Open the file of ``stdout`` or ``stderr``."""
        path = self.folder / f"{self.name}-{stream}"
        return path.open("a+", buffering=1, encoding="utf-8", errors="replace")

    @contextmanager
    def redirect(self) -> Iterator[None]:
        """Write all that this process prints into the files."""
        with ExitStack() as stack:
            for stream, redirected in STREAMS.items():
                stack.enter_context(redirected(stack.enter_context(self.open(stream))))
            yield


class Display(Callback):
    """Shows a bar in a terminal and a line after each tenth elsewhere.

    It is a callback of a group's Trainer, and prints what other processes print.

    Args:
        runs: of this process.
        others: the output of other processes.
        is_shown: whether this process shows anything.
    """

    def __init__(
        self, runs: int, others: Sequence[Output] = (), *, is_shown: bool = True
    ) -> None:
        self.runs, self.others, self.is_shown = runs, others, is_shown
        self.built = self.ended = 0
        self.best = math.nan
        self._files: list[tuple[str, IO[str]]] = []
        self._bar: Callable[..., None] | None = None
        self._milestones = Milestones(0.1)
        self._lines = SafeConsole(highlight=False, markup=False, width=WIDTH)

    @contextmanager
    def show(self) -> Iterator[None]:
        """Show the bar, if standard output is a terminal."""
        with ExitStack() as stack:
            self._files = [
                (stream, stack.enter_context(output.open(stream)))
                for output in self.others
                for stream in STREAMS
            ]
            if console.is_terminal:
                own = stack.enter_context(bars())
                task = own.add_task(f"{self.runs} runs", total=1.0)
                self._bar = partial(own.update, task)
            yield

    def print_other_output(self) -> None:
        """Print what other processes have printed since the last call."""
        for stream, file in self._files:
            if text := file.read():
                print(text, end="", file=getattr(sys, stream), flush=True)

    def on_train_epoch_start(self, trainer: Trainer, group: LightningModule) -> None:
        self.print_other_output()
        runs = cast(Group, group).runs
        done = self.ended + sum(fraction_done(run.trainer, 0) for run in runs)
        if self._bar:
            self._bar(description=self.line(runs), completed=done / self.runs)
        elif self.is_shown and self._milestones.is_passed(done / self.runs):
            self._lines.print(self.line(runs))

    def line(self, runs: Sequence[Any]) -> str:
        """Return epoch, runs that train and have ended, and the best value so far."""
        epoch = 1 + max(run.trainer.current_epoch for run in runs)
        limit = max(run.trainer.max_epochs or 0 for run in runs)
        parts = [f"epoch {epoch}{f'/{limit}' if limit > 0 else ''}"]
        parts += [f"{len(runs)} of {self.runs} runs train"]
        parts += [f"{self.ended} ended"] if self.ended else []
        first = runs[0].checkpoint
        if {run.checkpoint.monitor for run in runs} == {first.monitor}:
            values = [self.best, *(run.checkpoint.best_value for run in runs)]
            choose = max if first.mode == "max" else min
            self.best = choose(filter(math.isfinite, values), default=math.nan)
            if math.isfinite(self.best):
                parts.append(f"best {first.monitor} {self.best:.4g}")
        return "  ".join(parts)
