"""Processes of this machine, each of which trains one run at a time."""

import atexit
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, TypeVar

from joblib.externals.loky import ProcessPoolExecutor

Value = TypeVar("Value")
Call = TypeVar("Call", bound=Callable[[], Any])

GRACE = 20.0
"""Seconds in which interrupted calls can end by themselves."""

LOOK = 0.1
"""Seconds between checks that the launcher lives: if it is killed and started again,
it should find none of its runs in use."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Slot:
    """One process, which is replaced when it dies."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.renew()

    def renew(self) -> None:
        """Replace the process; the new one starts with its first call."""
        self._executor = ProcessPoolExecutor(
            max_workers=1,
            env=self.environment,
            initializer=follow,
            initargs=(os.getpid(),),
        )

    def submit(self, call: Callable[[], Value]) -> "Future[Value]":
        """Make a call in the process."""
        self._group = self._executor.submit(os.getpgrp)
        future: Future[Value] = self._executor.submit(call)
        return future

    def result(self, future: "Future[Value]") -> Value | None:
        """Wait for a call; return None and replace the process if it was killed."""
        try:
            return future.result()
        except BrokenProcessPool:
            self.renew()
            return None

    def interrupt(self) -> None:
        """Interrupt the process and its children, as Ctrl-C does."""
        if self._group.done():
            with suppress(ProcessLookupError):
                os.killpg(self._group.result(), signal.SIGINT)

    def end(self) -> None:
        """Kill the process."""
        self._executor.shutdown(kill_workers=True)


def follow(launcher: int) -> None:
    """Ignore Ctrl-C in this process, and end when the launcher has ended."""
    os.setpgrp()
    atexit.register(os._exit, 0)  # the launcher waits, and libraries take long to go

    def watch() -> None:
        while os.getppid() == launcher:
            time.sleep(LOOK)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def call_all(
    calls: Sequence[Call], slots: Sequence[Slot], go_on: Callable[[], bool]
) -> Iterator[tuple[Call, Any]]:
    """Yield each call and its result, in the order in which calls end.

    The result is None for a call whose process died.
    """
    waiting, idle = deque(calls), list(slots)
    running: dict[Future[Any], tuple[Slot, Call]] = {}
    try:
        while True:
            while waiting and idle and go_on():
                slot, call = idle.pop(), waiting.popleft()
                running[slot.submit(call)] = slot, call
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                slot, call = running.pop(future)
                idle.append(slot)
                yield call, slot.result(future)
    except BaseException:
        end(slots, running)
        raise


def end(slots: Sequence[Slot], running: Collection[Future[Value]]) -> None:
    """Interrupt the running calls, and end all processes."""
    for slot in slots:
        slot.interrupt()
    wait(running, timeout=GRACE)
    for slot in slots:
        slot.end()


def environments(
    count: int, *, cores: int, gpus: Sequence[str], gpus_per_run: int
) -> list[dict[str, str]]:
    """Return the environment of each process, with its part of the cores and GPUs.

    Args:
        count: number of processes.
        cores: number of cores of this machine.
        gpus: of this machine, as ``CUDA_VISIBLE_DEVICES`` names them.
        gpus_per_run: number of GPUs that one process sees.
    """
    threads = dict.fromkeys(THREADS, str(max(1, cores // count)))
    starts = range(0, len(gpus) - gpus_per_run + 1, gpus_per_run)
    parts = [",".join(gpus[start : start + gpus_per_run]) for start in starts]
    if len(parts) < 2:
        return [threads] * count
    return [
        threads | {"CUDA_VISIBLE_DEVICES": parts[index % len(parts)]}
        for index in range(count)
    ]


def visible_gpus() -> list[str]:
    """Return the number or name of each NVIDIA GPU that this process may use."""
    if (chosen := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name.strip() for name in chosen.split(",") if name.strip()]
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    return [str(number) for number in range(len(listed.stdout.splitlines()))]
