"""Shows how far the runs of a process are that train side by side."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from litmlp.callbacks.progress import Milestones, fraction_done
from litmlp.engine.terminal.console import WIDTH, SafeConsole
from litmlp.engine.terminal.progress_bars import bars, can_show_bars
from litmlp.engine.vectorized.grouped_run import GroupedRun


class Display:
    """Shows a bar in a terminal and a line after each tenth elsewhere."""

    def __init__(self, runs: int, *, is_shown: bool = True) -> None:
        self.runs, self.is_shown = runs, is_shown
        self.ended = 0
        self.best = math.nan
        self._bar: Callable[..., None] | None = None
        self._milestones = Milestones(0.1)
        self._lines = SafeConsole(highlight=False, markup=False, width=WIDTH)

    @contextmanager
    def show(self) -> Iterator[None]:
        """Show the bar, where one can be shown."""
        if not can_show_bars():
            yield
            return
        with bars() as shown:
            task = shown.add_task(f"{self.runs} runs", total=1.0)
            self._bar = partial(shown.update, task)
            yield

    def show_epoch(self, runs: Sequence[GroupedRun], ended: int) -> None:
        """Show that an epoch begins for some runs of a group, whose others ended."""
        ended += self.ended
        done = ended + sum(fraction_done(run.trainer, 0) for run in runs)
        if self._bar:
            self._bar(description=self.line(runs, ended), completed=done / self.runs)
        elif self.is_shown and self._milestones.is_passed(done / self.runs):
            self._lines.print(self.line(runs, ended))

    def line(self, runs: Sequence[GroupedRun], ended: int) -> str:
        """Return epoch, runs that train and have ended, and the best value so far."""
        epoch = 1 + max(run.trainer.current_epoch for run in runs)
        limit = max(run.trainer.max_epochs or 0 for run in runs)
        parts = [f"epoch {epoch}{f'/{limit}' if limit > 0 else ''}"]
        parts += [f"{len(runs)} of {self.runs} runs train"]
        parts += [f"{ended} ended"] if ended else []
        first = runs[0].checkpoint
        if {run.checkpoint.monitor for run in runs} == {first.monitor}:
            values = [self.best, *(run.checkpoint.best_value for run in runs)]
            choose = max if first.mode == "max" else min
            self.best = choose(filter(math.isfinite, values), default=math.nan)
            if math.isfinite(self.best):
                parts.append(f"best {first.monitor} {self.best:.4g}")
        return "  ".join(parts)
