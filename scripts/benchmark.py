"""How fast a training step is: python scripts/benchmark.py [--epochs 200].

Ways to train the same network on the same rows on one thread: a hand-written loop,
this project's whole training path with its defaults and with fewer and more callbacks,
and the common Lightning style. They take turns, an epoch each in an order drawn anew,
so that a slow moment of the machine hits all alike. Only ratios mean anything.
"""

import argparse
import logging
import math
import random
import warnings
from collections.abc import Callable
from functools import partial
from threading import Semaphore, Thread

import torch
from benchmark_ways import (
    BATCH_SIZE,
    ROWS,
    Benchmark,
    Clock,
    Times,
    by_common_style,
    by_hand,
    by_litmlp,
)

from litmlp.console import console, table

SIZES = ([64, 64], [256, 256, 256])
LITMLP = {  # overrides; nothing may stop early
    "litmlp": ("~callbacks.early_stopping",),
    "litmlp, no diagnosis": ("~callbacks.early_stopping", "~callbacks.diagnosis"),
    "litmlp, callbacks=minimal": ("callbacks=minimal",),
    "litmlp, callbacks=full": ("callbacks=full", "~callbacks.early_stopping"),
}


class Racer(Thread):
    """A way of training that runs an epoch each time it is its turn."""

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=200)
    epochs = parser.parse_args().epochs
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    data = Benchmark(batch_size=BATCH_SIZE, test_share=0, validation_share=0.2)
    result = table(
        "", "µs a batch, fastest epoch", "ratio", "ms an epoch, mean", "ratio"
    )
    for hidden_sizes in SIZES:
        ours = {
            name: partial(by_litmlp, hidden_sizes, data, epochs, overrides=overrides)
            for name, overrides in LITMLP.items()
        }
        times = race(
            {
                "by hand": partial(by_hand, hidden_sizes, data, epochs),
                **ours,
                # Fewer epochs: it is slow, and its epochs are all alike.
                "common style": partial(
                    by_common_style, hidden_sizes, data, max(5, epochs // 10)
                ),
            }
        )
        batch_count = math.ceil(ROWS / BATCH_SIZE)
        fastest = {n: min(t.batches) / batch_count for n, t in times.items()}
        mean = {n: sum(t.epochs) / len(t.epochs) for n, t in times.items()}
        for name in times:
            result.add_row(
                f"{'-'.join(map(str, hidden_sizes))} {name}",
                f"{fastest[name] * 1e6:.0f}",
                f"{fastest[name] / fastest['by hand']:.2f}",
                f"{mean[name] * 1e3:.1f}",
                f"{mean[name] / mean['by hand']:.2f}",
            )
        result.add_section()
    console.print(result)


if __name__ == "__main__":
    main()
