"""How fast a training step is: python scripts/benchmark.py [--epochs 200].

Ways to train the same network on the same rows on one thread: a hand-written loop,
this project's whole training path with its defaults and with fewer and more callbacks,
and the common Lightning style. A way that writes a checkpoint before each iteration
tells what one costs. They take turns, an epoch each in an order drawn anew,
so that a slow moment of the machine hits all alike. Only ratios mean anything.
"""

import argparse
import logging
import math
import random
import warnings
from collections.abc import Callable
from functools import partial
from statistics import mean
from threading import Semaphore, Thread

import torch
from benchmark_ways import (
    BATCH_SIZE,
    CONF,
    ROWS,
    Benchmark,
    Clock,
    Times,
    by_common_style,
    by_hand,
    by_litmlp,
)
from omegaconf import OmegaConf

from litmlp.engine.terminal.console import console, table

SIZES = ([64, 64], [256, 256, 256])
LITMLP = {  # overrides; nothing may stop early
    "litmlp": ("~callbacks.early_stopping",),
    "litmlp, no diagnosis": ("~callbacks.early_stopping", "~callbacks.diagnosis"),
    "litmlp, callbacks=minimal": ("callbacks=minimal",),
    "litmlp, callbacks=full": ("callbacks=full", "~callbacks.early_stopping"),
}

WRITES = "litmlp, a checkpoint per iteration"
MINIMAL = OmegaConf.load(CONF / "callbacks" / "minimal.yaml")
EVERY_SECONDS: float = MINIMAL.checkpoint.every_seconds
BATCHES = math.ceil(ROWS / BATCH_SIZE)


class Racer(Thread):
    """A way of training, which trains for one epoch whenever its turn comes."""

    def __init__(self, train: Callable[[Clock], None]) -> None:
        super().__init__(daemon=True)
        self.train = train
        self.finished = False
        self.clock = Clock(self.rest)
        self.go, self.rests = Semaphore(0), Semaphore(0)

    def run(self) -> None:
        self.go.acquire()
        torch.set_num_threads(1)  # each thread has its own number
        try:
            self.train(self.clock)
        finally:
            self.finished = True
            self.rests.release()

    def rest(self) -> None:
        """Let the others have their turn."""
        self.rests.release()
        self.go.acquire()

    def lap(self) -> None:
        """Run until the next rest, or the end."""
        self.go.release()
        self.rests.acquire()


def race(ways: dict[str, Callable[[Clock], None]]) -> dict[str, Times]:
    """Train in every way, one epoch at a time."""
    racers = {name: Racer(train) for name, train in ways.items()}
    for racer in racers.values():
        racer.start()
    while running := [racer for racer in racers.values() if not racer.finished]:
        for racer in random.sample(running, len(running)):
            racer.lap()
    return {name: racer.clock.times for name, racer in racers.items()}


def ways(
    hidden_sizes: list[int], data: Benchmark, epochs: int
) -> dict[str, Callable[[Clock], None]]:
    """All ways to train one network; those that are slow train fewer epochs."""
    few = max(5, epochs // 10)
    ours = {name: (epochs, overrides) for name, overrides in LITMLP.items()}
    ours[WRITES] = (few, (*LITMLP["litmlp"], "callbacks.checkpoint.every_iterations=1"))
    return {
        "by hand": partial(by_hand, hidden_sizes, data, epochs),
        **{
            name: partial(by_litmlp, hidden_sizes, data, count, overrides=overrides)
            for name, (count, overrides) in ours.items()
        },
        "common style": partial(by_common_style, hidden_sizes, data, few),
    }


def checkpoint_cost(times: dict[str, Times]) -> str:
    """Return the fraction of a training that checkpoints take, as often as default."""
    one = mean(times[WRITES].batches) - mean(times["litmlp"].batches)
    seconds = one / BATCHES
    return (
        f"a checkpoint takes {seconds * 1e3:.1f} ms: at one each {EVERY_SECONDS} s, "
        f"{seconds / EVERY_SECONDS:.3%} of the training"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=200)
    epochs = parser.parse_args().epochs
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    data = Benchmark(batch_size=BATCH_SIZE, test_share=0, validation_share=0.2)
    result = table(
        "", "µs per batch, fastest epoch", "ratio", "ms per epoch, mean", "ratio"
    )
    costs = {}
    for hidden_sizes in SIZES:
        network = "-".join(map(str, hidden_sizes))
        times = race(ways(hidden_sizes, data, epochs))
        fastest = {name: min(t.batches) / BATCHES for name, t in times.items()}
        whole = {name: mean(t.epochs) for name, t in times.items()}
        for name in times:
            result.add_row(
                f"{network} {name}",
                f"{fastest[name] * 1e6:.0f}",
                f"{fastest[name] / fastest['by hand']:.2f}",
                f"{whole[name] * 1e3:.1f}",
                f"{whole[name] / whole['by hand']:.2f}",
            )
        result.add_section()
        costs[network] = checkpoint_cost(times)
    console.print(result)
    for network, cost in costs.items():
        console.print(f"{network}: {cost}")


if __name__ == "__main__":
    main()
