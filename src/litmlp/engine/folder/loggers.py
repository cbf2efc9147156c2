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
from tensorboard.compat.proto import summary_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.hparams.summary_v2 import hparams_pb

from litmlp.engine.folder.atomic_files import replace
from litmlp.epoch_state import Position
from litmlp.errors import UserError


class TensorBoard(TensorBoardLogger):
    """Writes an event file into the run's folder.

    Args:
        folder: the run's folder.
        x_axis: what stands below the curves; with ``samples`` or ``epoch``, runs of
            different batch sizes can be compared.
    """

    def __init__(
        self, *, folder: str, x_axis: Literal["step", "epoch", "samples"] = "step"
    ) -> None:
        super().__init__(
            folder, name="", version="", default_hp_metric=False, flush_secs=5
        )
        self.x_axis = x_axis

    def x(self, position: Position) -> int:
        """The value of a position on the axis."""
        value: int = getattr(position, self.x_axis)
        return value

    @rank_zero_only
    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None
    ) -> None:
        """Log values by tag, as one event.

        Args:
            metrics: with ``epoch`` and ``samples`` among them, see ``Position``.
            step: iterations done.
        """
        x = metrics.get(self.x_axis, step)
        values = [
            summary_pb2.Summary.Value(tag=tag, simple_value=float(value))
            for tag, value in metrics.items()
            if tag != "samples"
        ]
        self._write(summary_pb2.Summary(value=values), None if x is None else int(x))

    @rank_zero_only
    def log_png(self, tag: str, png: bytes, position: Position) -> None:
        """Show a picture in the images tab."""
        image = summary_pb2.Summary.Image(encoded_image_string=png)
        value = summary_pb2.Summary.Value(tag=tag, image=image)
        self._write(summary_pb2.Summary(value=[value]), self.x(position))

    @rank_zero_only
    def begin_session(self, hyperparameters: Mapping[str, Any]) -> None:
        """Give the run a row in the HParams tab.

        Without a summary of the whole experiment, which would fix the columns to those
        of a sweep's first run: so TensorBoard takes the union of all runs.
        """
        self._write(
            hparams_pb(dict(hyperparameters), trial_id=Path(self.save_dir).name)
        )

    @rank_zero_only
    def end_session(self, *, succeeded: bool) -> None:
        """Tell the HParams tab how the run ended."""
        status = api_pb2.STATUS_SUCCESS if succeeded else api_pb2.STATUS_FAILURE
        end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
        data = plugin_data_pb2.HParamsPluginData(session_end_info=end)
        about = metadata.create_summary_metadata(data)
        summary = summary_pb2.Summary()
        summary.value.add(
            tag=metadata.SESSION_END_INFO_TAG,
            metadata=about,
            tensor=metadata.NULL_TENSOR,
        )
        self._write(summary)

    @rank_zero_only
    def log_texts(self, texts: Mapping[str, str]) -> None:
        """Show Markdown in the text tab, by tag."""
        for tag, text in texts.items():
            self.experiment.add_text(tag, text)

    def save(self) -> None:
        """Nothing: Lightning asks at every log call, and would add a hparams.yaml."""

    @rank_zero_only
    def flush(self) -> None:
        """Write what is buffered to disk."""
        self.experiment.flush()

    def position(self) -> dict[str, int]:
        """How long each event file is by now."""
        return {path.name: path.stat().st_size for path in self._files()}

    @rank_zero_only
    def rewind(self, position: Mapping[str, int]) -> None:
        """Forget what was logged since; what is logged next follows on it."""
        for path in self._files():
            if path.name not in position:
                path.unlink()
            elif path.stat().st_size > position[path.name]:
                os.truncate(path, position[path.name])
        if self._files():
            # The next file is read after those only if it is of a later second.
            time.sleep(1 - time.time() % 1)

    def _files(self) -> list[Path]:
        return sorted(Path(self.save_dir).glob("events.out.tfevents.*"))

    def finalize(self, status: str) -> None:
        """Flush but stay open: after the fit comes the test, in the same file."""
        self.flush()

    @rank_zero_only
    def close(self) -> None:
        """Let go of the event file; what is logged later goes to another one."""
        self.experiment.close()
        self._experiment = None

    def _write(self, summary: Any, x: int | None = None) -> None:
        self.experiment.file_writer.add_summary(summary, x)


class MetricsCSV(Logger):
    """Writes metrics.csv: one row a step, one column a metric; goes on with one there.

    Args:
        folder: the run's folder.
    """

    def __init__(self, *, folder: str) -> None:
        super().__init__()
        self._path = Path(folder) / "metrics.csv"
        self._rows: dict[int, dict[str, float | str]] | None = None
        self._columns: dict[str, None] = {}  # in the order in which they came

    @property
    def name(self) -> None:
        return None

    @property
    def version(self) -> None:
        return None

    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Nothing: they are in the run's config."""

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
                f"{self._path} is broken ({error}): a run that goes on without its "
                "rows begins where there is no such file"
            ) from error

    def position(self) -> dict[str, int]:
        """The last row's step."""
        rows = self._read() if self._rows is None else self._rows
        return {"step": max(rows, default=-1)}

    @rank_zero_only
    def rewind(self, position: Mapping[str, int]) -> None:
        """Forget the rows since; of the last one, later values will be the same."""
        last = position.get("step", -1)
        self._rows = {step: row for step, row in self._read().items() if step <= last}
        if self._path.exists():
            self.flush()
        self._rows = None  # another process may write next

    @rank_zero_only
    def flush(self) -> None:
        """Write all rows to disk; a column is there for every metric seen so far."""
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
        """Write what is left."""
        self.flush()
