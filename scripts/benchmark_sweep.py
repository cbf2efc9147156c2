"""Time and memory of a run of a sweep that trains for no step.

With --processes=2, whole sweeps instead, from the shell to the report: eight runs of
some ten seconds one after the other, and two at once by hydra/launcher=joblib.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from omegaconf import DictConfig

from litmlp.engine.folder.run_folder import read_summary
from litmlp.engine.hydra_call import run
from litmlp.engine.run import train
from litmlp.engine.terminal.console import console, table

TRAIN = Path(__file__).parent / "train.py"
IDLE = ("data=iris", "trainer=cpu", "trainer.max_steps=0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, help="40, or 8 of those that train")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--epochs", type=int, default=200, help="of those that train")
    parser.add_argument("overrides", nargs="*", help="such as callbacks=minimal")
    arguments = parser.parse_args()
    if arguments.processes:
        at_once(arguments)
    else:
        idle(arguments.jobs or 40, arguments.overrides)


def at_once(arguments: argparse.Namespace) -> None:
    """A row a way to train the same runs; all that a shell waits for is counted."""
    jobs = arguments.jobs or 8
    training = [
        *("data=digits", "trainer=cpu", f"trainer.max_epochs={arguments.epochs}"),
        *("callbacks.early_stopping.patience=100000", f"seed=range({jobs})"),
        *arguments.overrides,
    ]
    joblib = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={arguments.processes}"]
    result = table(f"{jobs} runs", "s in all", "of the first", "s per run")
    first = None
    for name, launcher in {
        "one after the other": [],
        f"in {arguments.processes} processes": joblib,
    }.items():
        seconds, a_run = timed(*training, *launcher)
        first = first or seconds
        result.add_row(name, f"{seconds:.1f}", f"{seconds / first:.2f}", f"{a_run:.1f}")
    console.print(result)


def timed(*overrides: str) -> tuple[float, float]:
    """Seconds that a sweep takes, and that its runs say they took in the mean."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            str(TRAIN),
            "-m",
            "hydra.sweep.dir=sweep",
            *overrides,
        ]
        began = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
        runs = [read_summary(f.parent) for f in Path(folder).glob("*/*/summary.json")]
        return seconds, sum(run["wall_seconds"] for run in runs) / len(runs)


def idle(count: int, overrides: list[str]) -> None:
    """The parts of a job that trains for no iteration."""
    jobs: list[float] = []
    starts: list[float] = []
    memory: list[float] = []

    def job(config: DictConfig) -> float:
        # Time of this process alone: others may be busy.
        starts.append(time.process_time())
        value = train.train(config)
        jobs.append(time.process_time() - starts[-1])
        memory.append(resident_memory())
        return value

    home = Path.cwd()
    seeds = f"seed=range({count})"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.argv = [__file__, "-m", seeds, *IDLE, *overrides]
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
    """Return the memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
