"""What a member of a sweep costs that trains for no iteration: in time and memory."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from omegaconf import DictConfig

from litmlp import training
from litmlp.command_line import run
from litmlp.console import console, table

IDLE = ("data=iris", "trainer=cpu", "trainer.max_steps=0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("overrides", nargs="*", help="such as callbacks=minimal")
    arguments = parser.parse_args()
    jobs: list[float] = []
    starts: list[float] = []
    memory: list[float] = []

    def job(config: DictConfig) -> float:
        # Time of this process alone: others may be busy.
        starts.append(time.process_time())
        value = training.train(config)
        jobs.append(time.process_time() - starts[-1])
        memory.append(resident_memory())
        return value

    home = Path.cwd()
    seeds = f"seed=range({arguments.jobs})"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.argv = [__file__, "-m", seeds, *IDLE, *arguments.overrides]
        began = time.process_time()
        try:
            run(job, config="train")
        except SystemExit as end:
            if end.code:
                raise
        finally:
            os.chdir(home)
    show(began, jobs, starts, memory)


def show(
    began: float, jobs: list[float], starts: list[float], memory: list[float]
) -> None:
    """A row a part of a job's cost; the first job is left out, as it imports."""
    result = table("part of a job", "ms of CPU time, fastest", "median")
    between = [b - a - job for a, b, job in zip(starts, starts[1:], jobs, strict=False)]
    composing = (starts[0] - began) / len(jobs)
    for name, times in {
        "composition, once for each before the first": [composing],
        "launch: folder, config, log": sorted(between[1:]),
        "the run itself, no iteration": sorted(jobs[1:]),
    }.items():
        middle = times[len(times) // 2]
        result.add_row(name, f"{times[0] * 1e3:.0f}", f"{middle * 1e3:.0f}")
    console.print(result)
    growth = (memory[-1] - memory[len(memory) // 2]) / (len(memory) / 2)
    console.print(f"memory       {memory[-1]:.0f} MiB, {growth:+.2f} MiB a job")


def resident_memory() -> float:
    """Of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
