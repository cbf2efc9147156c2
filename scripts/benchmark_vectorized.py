"""Cost of a sweep: python scripts/benchmark_vectorized.py [--members 32 128].

The same runs (seeds × learning rates of the benchmark's network) as one stacked
network, as one per thread in as many processes, one after the other, and in the common
Lightning style; of the last two only a few. The clock runs from composed configs to
complete folders, in processes that have loaded what they need. Only ratios within one
run mean anything.
"""

import argparse
import logging
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import lightning.pytorch as lightning
import torch
from benchmark_ways import (
    BATCH_SIZE,
    CLASSES,
    CONF,
    FEATURES,
    ROWS,
    Benchmark,
    Clock,
    by_common_style,
    by_hand,
)
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict

from hydra_plugins.litmlp_vectorized import import_training
from litmlp.data.data_module import Data
from litmlp.engine.config import build
from litmlp.engine.hydra_call import register_resolvers
from litmlp.engine.run import train
from litmlp.engine.sweep.job_launcher import Job
from litmlp.engine.sweep.process_pool import THREADS, Slot
from litmlp.engine.terminal.console import console, table
from litmlp.engine.vectorized.group_training import Group
from litmlp.engine.vectorized.train_groups import train_jobs

SIZES = [64, 64]
FLOPS = 6 * BATCH_SIZE * (FEATURES * 64 + 64 * 64 + 64 * CLASSES)
"""Floating-point operations of one step of one run: two per row and weight in the
forward pass, four in the backward pass."""
BATCHES = ROWS // BATCH_SIZE

FOR_GOOD = ExitStack()
"""What is patched until a process ends."""


@dataclass(frozen=True)
class Cost:
    """Seconds of a whole run, and of one of its batches in the fastest epoch."""

    run: float
    batch: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--alone", type=int, default=3, help="runs of the other ways")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2, help="of the stack")
    parser.add_argument(
        "--splits", type=int, default=1, help="that seeds cycle through"
    )
    arguments = parser.parse_args()
    quieten()
    register_resolvers()
    setup_globals()
    with (
        initialize_config_dir(str(CONF), version_base="1.3"),
        tempfile.TemporaryDirectory() as folder,
    ):
        costs = dict(ways(arguments, Path(folder)))
    show(costs, matmul_peak(arguments.threads))


def quieten() -> None:
    """Lightning's advice is of no use here."""
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def ways(arguments: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Cost]]:
    """Every way to run the sweep, and what it costs."""
    data = benchmark_data()
    alone, epochs, splits = arguments.alone, arguments.epochs, arguments.splits
    torch.set_num_threads(1)
    common, by_hand_clock = Clock(), Clock()
    start = time.perf_counter()
    for _ in range(alone):
        by_common_style(SIZES, data, epochs, common)
    seconds = (time.perf_counter() - start) / alone
    yield "common style", Cost(seconds, min(common.times.batches) / BATCHES)
    start = time.perf_counter()
    by_hand(SIZES, data, epochs, by_hand_clock)
    seconds = time.perf_counter() - start
    yield (
        "by hand, nothing left",
        Cost(seconds, min(by_hand_clock.times.batches) / BATCHES),
    )
    with same_data(), clocked("litmlp.engine.run.prepare", Clock()) as clock:
        jobs = composed(alone, epochs, splits, folder / "alone")
        start = time.perf_counter()
        for job in jobs:
            job.run()
            _ = job.result.return_value  # raises what went wrong
        seconds = (time.perf_counter() - start) / alone
    yield "one by one", Cost(seconds, min(clock.times.batches) / BATCHES)
    slots = other_processes(arguments.threads - 1)
    for members in arguments.members:
        for name, others in (("as one", []), (f"in {1 + len(slots)} processes", slots)):
            with same_data(), clocked_groups(Clock()) as clock:
                place = folder / f"{members} {name}"
                jobs = composed(members, epochs, splits, place)
                start = time.perf_counter()
                threads = arguments.threads
                train_jobs(jobs, max_members=members, num_threads=threads, slots=others)
                seconds = (time.perf_counter() - start) / members
            batch = min(clock.times.batches) / BATCHES / members
            yield f"{members} {name}", Cost(seconds, batch)
    for slot in slots:
        slot.end()


def other_processes(count: int) -> list[Slot]:
    """Processes that are ready to train the benchmark's runs."""
    slots = [Slot(dict.fromkeys(THREADS, "1")) for _ in range(count)]
    for slot in slots:
        slot.submit(be_ready).result()
    return slots


def be_ready() -> None:
    """Load what training needs, and let every config be of the benchmark's rows."""
    import_training()
    quieten()
    FOR_GOOD.enter_context(same_data())


def composed(members: int, epochs: int, splits: int, folder: Path) -> list[Job]:
    """Jobs of a sweep over seeds and two learning rates, with Hydra's part."""
    hydra = GlobalHydra.instance().hydra
    assert hydra is not None
    context = HydraContext(hydra.config_loader, Callbacks())
    overrides = [f"trainer.max_epochs={epochs}", f"hydra.sweep.dir={folder}"]
    overrides += ["trainer=cpu", "callbacks.early_stopping.patience=1000000"]
    start = time.perf_counter()
    base = compose("train", overrides, return_hydra_config=True)
    console.print(f"composition  {time.perf_counter() - start:.3f} s a job")
    jobs = []
    for i in range(members):
        config = base.copy()
        with open_dict(config):
            config.seed, config.optimizer.lr = i // 2, (1e-3, 3e-3)[i % 2]
            config.data.split_seed = config.seed % splits
            config.hydra.sweep.subdir = config.hydra.job.id = str(i)
            config.hydra.job.num, config.hydra.job.name = i, "train"
            config.hydra.mode = "MULTIRUN"
        jobs.append(Job(config, context, train.train))
    return jobs


def benchmark_data(order_seed: int = 0, split_seed: int = 0) -> Data:
    """The benchmark's rows."""
    return Benchmark(
        batch_size=BATCH_SIZE,
        order_seed=order_seed,
        split_seed=split_seed,
        test_share=0,
        validation_share=0.2,
    )


@contextmanager
def same_data() -> Iterator[None]:
    """Let every config be of the benchmark's rows."""

    def built(config: DictConfig) -> Data:
        return benchmark_data(config.data.order_seed, config.data.split_seed)

    with (
        patch.object(train, "build_data", built),
        patch("litmlp.engine.vectorized.data_cache.build_data", built),
    ):
        yield


@contextmanager
def clocked(module: str, clock: Clock) -> Iterator[Clock]:
    """Take the times of the Trainers that are built there."""

    def built(config: DictConfig, *others: Any) -> lightning.Trainer:
        trainer = build.build_trainer(config, *others)
        trainer.callbacks.insert(0, clock)  # type: ignore[attr-defined]  # set by Lightning, not declared
        return trainer

    with patch(f"{module}.build_trainer", built):
        yield clock


@contextmanager
def clocked_groups(clock: Clock) -> Iterator[Clock]:
    """Take the times of the groups that are trained there."""
    begin_epoch, end_epoch = Group.begin_epoch, Group.end_epoch

    def begin(group: Group) -> None:
        clock.start_epoch()
        begin_epoch(group)

    def end(group: Group) -> None:
        clock.end_batches()
        end_epoch(group)

    with (
        patch.object(Group, "begin_epoch", begin),
        patch.object(Group, "end_epoch", end),
    ):
        yield clock


def matmul_peak(threads: int) -> float:
    """GFLOP/s of a large product of matrices, the best of some."""
    torch.set_num_threads(threads)
    one, other = torch.randn(2, 1024, 1024)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        torch.mm(one, other)
        seconds.append(time.perf_counter() - start)
    return 2 * 1024**3 / min(seconds) / 1e9


def show(costs: dict[str, Cost], peak: float) -> None:
    """A row a way: a run with everything it leaves, and its batches alone."""
    names = ("s per run", "common style is", "one by one is")
    batch = ("µs per batch", "common style is", "one by one is", "GFLOP/s")
    result = table("everything included", *names, *batch)
    common, basic = costs["common style"], costs["one by one"]
    for name, cost in costs.items():
        result.add_row(
            name,
            f"{cost.run:.3f}",
            f"{common.run / cost.run:.1f} ×",
            f"{basic.run / cost.run:.1f} ×",
            f"{cost.batch * 1e6:.0f}",
            f"{common.batch / cost.batch:.1f} ×",
            f"{basic.batch / cost.batch:.1f} ×",
            f"{FLOPS / cost.batch / 1e9:.1f}",
        )
    console.print(result)
    console.print(f"matmul peak  {peak:.0f} GFLOP/s")


if __name__ == "__main__":
    main()
