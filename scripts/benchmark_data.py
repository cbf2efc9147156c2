"""Time and memory that a large table takes: scripts/benchmark_data.py [--rows 1000000].

Writes random numbers as Parquet of a hundredth of the rows, as Parquet and as CSV,
reads and preprocesses each in a process of its own, and trains some steps on it. Peaks
are of the process's own memory, without mapped files, above that after the imports, and
multiples of the matrix of all features in 32 bits. Linux alone tells this memory.
"""

import argparse
import re
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data, build_model, build_trainer
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.terminal.console import console, table

CONF = Path(__file__).resolve().parents[1] / "conf"
BATCH_SIZE, STEPS = 256, 500


def write_tables(folder: Path, rows: int, columns: int) -> list[tuple[Path, bool]]:
    """Write standard normal numbers, and two classes; say which files are streamed."""
    values = np.random.default_rng(0).standard_normal((rows, columns), np.float32)
    numbers = pl.DataFrame(values.round(6), [f"x{i}" for i in range(columns)])
    data = numbers.with_columns(y=(numbers["x0"] + numbers["x1"] > 0).cast(pl.Int8))
    small, parquet, csv = (
        folder / name for name in ("small.parquet", "table.parquet", "table.csv")
    )
    data[: rows // 100].write_parquet(small)
    data.write_parquet(parquet)
    data.write_csv(csv)
    return [(small, False), (parquet, False), (parquet, True), (csv, False)]


def run_config(path: Path, *, stream: bool) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(
            "train",
            [
                *("data=table", f"data.path={path}", "data.target=y", "task=binary"),
                *(f"data.stream={stream}", f"data.batch_size={BATCH_SIZE}"),
                *("trainer=cpu", f"trainer.max_steps={STEPS}"),
                *("+trainer.limit_val_batches=1", "callbacks=minimal", "logger=none"),
                f"folder={path.parent}",
            ],
        )


def seconds(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def own_bytes() -> int:
    """Return the memory of this process without files that are mapped (on Linux)."""
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


class Peak(threading.Thread):
    """Watches the memory of this process.

    Attributes:
        bytes: the most above the memory at the start so far.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.before, self.bytes = own_bytes(), 0

    def run(self) -> None:
        while True:
            self.bytes = max(self.bytes, own_bytes() - self.before)
            time.sleep(0.01)


def measure(path: Path, stream: bool) -> dict[str, float]:
    """Return seconds, and peak memory ÷ matrix, of reading and training on a file."""
    console.quiet = True
    warnings.simplefilter("ignore")
    config = run_config(path, stream=stream)
    with run_settings(config):
        data: Data = build_data(config)
        (peak := Peak()).start()
        result = {
            "read": seconds(lambda: data.samples),
            "split": seconds(lambda: data.rows),
            "preprocess": seconds(lambda: data.split_features),
        }
        matrix = 4 * data.samples.inputs.numel()
        result["peak"] = peak.bytes / matrix
        trainer, model = build_trainer(config), build_model(config, data)
        trained = seconds(partial(trainer.fit, model, data))
        epoch = trained / STEPS * len(data.train_batches)
        result |= {"µs per row": trained / STEPS / BATCH_SIZE * 1e6}
        result |= {"epoch": epoch, "peak in training": peak.bytes / matrix}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    arguments = parser.parse_args()
    shown = ("read", "split", "preprocess", "epoch")
    ratios = ("peak", "peak in training", "µs per row")
    result = table("", "MB", *(f"{name}, s" for name in shown), *ratios)
    # A process each, so that none has the memory that another one left.
    alone = ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1)
    with tempfile.TemporaryDirectory() as folder, alone:
        size = arguments.rows, arguments.columns
        for path, stream in alone.submit(write_tables, Path(folder), *size).result():
            found = alone.submit(measure, path, stream).result()
            result.add_row(
                f"{path.name}{' streamed' * stream}",
                f"{path.stat().st_size / 1e6:.0f}",
                *(f"{found[name]:.1f}" for name in shown),
                *(f"{found[name]:.2f}" for name in ratios),
            )
    console.print(result)


if __name__ == "__main__":
    main()
