"""Processes of this machine that train one run at a time each."""

import atexit
import os
import signal
import subprocess
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TypeVar

from joblib.externals.loky import ProcessPoolExecutor

Value = TypeVar("Value")
Call = Callable[[], Value]

ATTEMPTS = 2
"""How often a call is made whose process dies; a run goes on from its checkpoint."""

GRACE = 20.0
"""Seconds that interrupted calls have to end by themselves."""

LOOK = 0.1
"""Seconds between looks at whether the launcher is there: when it is gone, it may be
started again at once, and should find none of its runs in use."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Slot:
    """A place for one process, which is replaced when it dies.

    Args:
        environment: variables that the process has from its start.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.renew()

    def renew(self) -> None:
        """A new process, which starts with its first call."""
        self._executor = ProcessPoolExecutor(
            max_workers=1,
            env=self.environment,
            initializer=follow,
            initargs=(os.getpid(),),
        )

    def submit(self, call: Callable[[], Value]) -> "Future[Value]":
        """Have the process do something."""
        self._group = self._executor.submit(os.getpgrp)
        future: Future[Value] = self._executor.submit(call)
        return future

    def interrupt(self) -> None:
        """What Ctrl-C does, to the process and its children."""
        if self._group.done():
            with suppress(ProcessLookupError):
                os.killpg(self._group.result(), signal.SIGINT)

    def end(self) -> None:
        """End the process, whatever it does."""
        self._executor.shutdown(kill_workers=True)


def follow(launcher: int) -> None:
    """Leave interrupts to the launcher's process, and end when it is gone."""
    os.setpgrp()
    atexit.register(os._exit, 0)  # the launcher waits, and libraries take long to go

    def watch() -> None:
        while os.getppid() == launcher:
            time.sleep(LOOK)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def call_all(
    calls: Sequence[Call[Value]], slots: Sequence[Slot], go_on: Callable[[], bool]
) -> Iterator[tuple[int, Value | None]]:
    """The place of each call and what it returned, as they end.

    None is returned by a call whose process died as often as it was tried.

    Args:
        calls: what to do; picklable, by cloudpickle.
        slots: where; all are idle.
        go_on: whether another call may be made.
    """
    waiting, idle = deque(range(len(calls))), list(slots)
    attempts: Counter[int] = Counter()
    under_way: dict[Future[Value], tuple[Slot, int]] = {}
    try:
        while True:
            while waiting and idle and go_on():
                slot, place = idle.pop(), waiting.popleft()
                attempts[place] += 1
                under_way[slot.submit(calls[place])] = slot, place
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                slot, place = under_way.pop(future)
                idle.append(slot)
                if not isinstance(future.exception(), BrokenProcessPool):
                    yield place, future.result()
                    continue
                slot.renew()
                if attempts[place] < ATTEMPTS:
                    waiting.appendleft(place)
                else:
                    yield place, None
    except BaseException:
        end(slots, under_way)
        raise


def end(slots: Sequence[Slot], under_way: Collection[Future[Value]]) -> None:
    """Interrupt what is under way, and end all processes."""
    for slot in slots:
        slot.interrupt()
    wait(under_way, timeout=GRACE)
    for slot in slots:
        slot.end()


def environments(
    count: int, *, cores: int, gpus: Sequence[str], gpus_a_run: int
) -> list[dict[str, str]]:
    """Variables for each of so many processes: their share of the cores and GPUs.

    Args:
        count: processes.
        cores: of this machine.
        gpus: of this machine, as ``CUDA_VISIBLE_DEVICES`` names them.
        gpus_a_run: what one process sees of them.
    """
    threads = dict.fromkeys(THREADS, str(max(1, cores // count)))
    starts = range(0, len(gpus) - gpus_a_run + 1, gpus_a_run)
    shares = [",".join(gpus[start : start + gpus_a_run]) for start in starts]
    if len(shares) < 2:
        return [threads] * count
    return [
        threads | {"CUDA_VISIBLE_DEVICES": shares[place % len(shares)]}
        for place in range(count)
    ]


def visible_gpus() -> list[str]:
    """The GPUs of NVIDIA that this process may use, by number or name."""
    if (chosen := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name.strip() for name in chosen.split(",") if name.strip()]
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    return [str(number) for number in range(len(listed.stdout.splitlines()))]
