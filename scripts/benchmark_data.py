"""Time and memory that a large table takes: scripts/benchmark_data.py [--rows 1000000].

Writes random numbers as CSV and as Parquet, reads and preprocesses each in a process of
its own, and trains an epoch on them. Peak memory is counted from the imports on.
"""

import argparse
import resource
import sys
import tempfile
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

from litmlp.engine.config.build import build_data, build_model, build_trainer
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.terminal.console import console, table

CONF = Path(__file__).resolve().parents[1] / "conf"
BATCH_SIZES = (32, 256)


def write_tables(folder: Path, rows: int, columns: int) -> list[Path]:
    """Standard normal numbers of six decimals, and two classes."""
    values = np.random.default_rng(0).standard_normal((rows, columns)).round(6)
    numbers = pl.DataFrame(values, [f"x{i}" for i in range(columns)])
    data = numbers.with_columns(y=(numbers["x0"] + numbers["x1"] > 0).cast(pl.Int8))
    data.write_csv(folder / "table.csv")
    data.write_parquet(folder / "table.parquet")
    return [folder / "table.csv", folder / "table.parquet"]


def run_config(path: Path) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(
            "train",
            [
                "data=table",
                f"data.path={path}",
                "data.target=y",
                "task=binary",
                "trainer=cpu",
                "trainer.max_epochs=1",
                "callbacks=minimal",
                "logger=none",
                f"folder={path.parent}",
            ],
        )


def seconds(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def peak_bytes() -> int:
    """The most memory that this process has had so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measure(path: Path) -> dict[str, float]:
    """Peak memory in bytes, and seconds, of reading and training on a file."""
    console.quiet = True
    warnings.simplefilter("ignore")
    config = run_config(path)
    with run_settings(config):
        before, data = peak_bytes(), build_data(config)
        result = {
            "read": seconds(lambda: data.samples),
            "split": seconds(lambda: data.rows),
            "preprocess": seconds(lambda: data.split_features),
            "peak": peak_bytes() - before,
        }
        for size in BATCH_SIZES:
            data.batch_size = size
            trainer, model = build_trainer(config), build_model(config, data)
            result[f"epoch {size}"] = seconds(partial(trainer.fit, model, data))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    arguments = parser.parse_args()
    epochs = [f"epoch {size}" for size in BATCH_SIZES]
    steps = ["read", "split", "preprocess", *epochs]
    result = table("", "MB", "peak memory a byte", *(f"{step}, s" for step in steps))
    # A process each: a process tells the highest peak of its own life, and of the one
    # that started it.
    alone = ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1)
    with tempfile.TemporaryDirectory() as folder, alone:
        size = arguments.rows, arguments.columns
        for path in alone.submit(write_tables, Path(folder), *size).result():
            found = alone.submit(measure, path).result()
            num_bytes = path.stat().st_size
            result.add_row(
                path.suffix,
                f"{num_bytes / 1e6:.0f}",
                f"{found['peak'] / num_bytes:.2f}",
                *(f"{found[step]:.1f}" for step in steps),
            )
    console.print(result)


if __name__ == "__main__":
    main()
