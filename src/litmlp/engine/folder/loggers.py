"""Loggers that write into the run's own folder and nothing else."""

import csv
import os
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from litmlp.engine.folder import tensorboard_internals
from litmlp.engine.folder.atomic_files import replace
from litmlp.errors import UserError
from litmlp.training_state import Position


class TensorBoard(TensorBoardLogger):
    """Logger of an event file in the run's folder.

    Args:
        folder: the run's folder.
        x_axis: the unit of the curves' horizontal axis; with ``samples`` or ``epoch``,
            runs of different batch sizes can be compared.
    """

    def __init__(
        self, *, folder: str, x_axis: Literal["step", "epoch", "samples"] = "step"
    ) -> None:
        super().__init__(
            folder, name="", version="", default_hp_metric=False, flush_secs=5
        )
        self.x_axis = x_axis

    def x(self, position: Position) -> int:
        """Return the value of a position on the axis."""
        value: int = getattr(position, self.x_axis)
        return value

    @rank_zero_only
    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None
    ) -> None:
        """Log values by tag, as one event.

        Args:
            metrics: with ``epoch`` and ``samples`` among them, see ``Position``.
            step: number of optimizer updates so far.
        """
        x = metrics.get(self.x_axis, step)
        shown = {tag: value for tag, value in metrics.items() if tag != "samples"}
        summary = tensorboard_internals.scalars(shown)
        self._write(summary, None if x is None else int(x))

    @rank_zero_only
    def log_png(self, tag: str, png: bytes, position: Position) -> None:
        """Show a picture in the images tab."""
        self._write(tensorboard_internals.picture(tag, png), self.x(position))

    @rank_zero_only
    def begin_session(
        self, hyperparameters: Mapping[str, Any], choices: str = ""
    ) -> None:
        """Give the run a row in the HParams tab.

        Args:
            hyperparameters: by name.
            choices: what makes the run, to be read before the name of its folder.
        """
        run = " ".join(filter(None, [choices, Path(self.save_dir).name]))
        self._write(tensorboard_internals.session_start(hyperparameters, run))

    @rank_zero_only
    def end_session(self, *, succeeded: bool) -> None:
        """Tell the HParams tab how the run ended."""
        self._write(tensorboard_internals.session_end(succeeded=succeeded))

    @rank_zero_only
    def log_texts(self, texts: Mapping[str, str]) -> None:
        """Show Markdown in the text tab, by tag."""
        for tag, text in texts.items():
            self.experiment.add_text(tag, text)

    def save(self) -> None:
        """Write nothing: Lightning calls this at every log call, for a hparams.yaml."""

    @rank_zero_only
    def flush(self) -> None:
        """Write what is buffered to disk."""
        self.experiment.flush()

    def position(self) -> dict[str, int]:
        """Return the number of bytes of each event file."""
        return {path.name: path.stat().st_size for path in self._files()}

    @rank_zero_only
    def rewind(self, position: Mapping[str, int]) -> None:
        """Cut the event files back to a :meth:`position`."""
        for path in self._files():
            if path.name not in position:
                path.unlink()
            elif path.stat().st_size > position[path.name]:
                os.truncate(path, position[path.name])
        if self._files():
            # TensorBoard orders event files by the second in their names.
            time.sleep(1 - time.time() % 1)

    def _files(self) -> list[Path]:
        return sorted(Path(self.save_dir).glob("events.out.tfevents.*"))

    def finalize(self, status: str) -> None:
        """Flush but stay open: after the fit comes the test, in the same file."""
        self.flush()

    @rank_zero_only
    def close(self) -> None:
        """Close the event file; values that are logged later go to another one."""
        self.experiment.close()
        self._experiment = None  # of Lightning's logger, which then opens another file

    def _write(self, summary: Any, x: int | None = None) -> None:
        self.experiment.file_writer.add_summary(summary, x)


class MetricsCSV(Logger):
    """Logger of metrics.csv: one row per step, one column per metric.

    If the file is there already, its rows stay and others follow them.

    Args:
        folder: the run's folder.
    """

    def __init__(self, *, folder: str) -> None:
        super().__init__()
        self._path = Path(folder) / "metrics.csv"
        self._rows: dict[int, dict[str, float | str]] | None = None
        self._columns: dict[str, None] = {}  # ordered

    @property
    def name(self) -> None:
        return None

    @property
    def version(self) -> None:
        return None

    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Write nothing: hyperparameters are in the run's config."""

    @rank_zero_only
    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None
    ) -> None:
        if self._rows is None:
            self._rows = self._read()
        self._rows.setdefault(step or 0, {"step": step or 0}).update(metrics)
        self._columns |= dict.fromkeys(metrics)

    def _read(self) -> dict[int, dict[str, float | str]]:
        self._columns = {"step": None}
        if not self._path.exists():
            return {}
        try:
            with self._path.open(newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                self._columns |= dict.fromkeys(reader.fieldnames or [])
                return {int(row["step"]): dict(row) for row in reader}
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise UserError(
                f"{self._path} is broken ({error}): remove it, and the "
                "resumed run begins another one"
            ) from error

    def position(self) -> dict[str, int]:
        """Return the last row's step."""
        rows = self._read() if self._rows is None else self._rows
        return {"step": max(rows, default=-1)}

    @rank_zero_only
    def rewind(self, position: Mapping[str, int]) -> None:
        """Remove the rows after a :meth:`position`; the last one is written anew."""
        last = position.get("step", -1)
        self._rows = {step: row for step, row in self._read().items() if step <= last}
        if self._path.exists():
            self.flush()
        self._rows = None  # another process may write next

    @rank_zero_only
    def flush(self) -> None:
        """Write all rows to disk, with a column per metric that was logged so far."""
        if self._rows is not None:
            replace(self._path, self._write)

    def _write(self, path: Path) -> None:
        assert self._rows is not None
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(self._columns))
            writer.writeheader()
            writer.writerows(row for _, row in sorted(self._rows.items()))

    def finalize(self, status: str) -> None:
        self.flush()

    def close(self) -> None:
        """Write the remaining rows."""
        self.flush()
