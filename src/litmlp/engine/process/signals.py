"""Signals that end a run: the training so far is saved before the run ends."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2")  # of a cluster's scheduler
    if hasattr(signal, name)  # Windows lacks some
]


class Received:
    """The signal that this process has received."""

    number = int(signal.SIGINT)
    waits = False
    """Whether it waits for a point in training where everything can be saved."""
    can_wait = False


def exit_code() -> int:
    """Return the exit code that shells use: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + Received.number


@contextmanager
def interrupt_on_signal() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` in the block for the first signal that ends a run.

    In :func:`defer_interrupts` the signal waits for the next batch. A second one ends
    the process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python takes signals in the main thread alone
        return
    Received.waits = False
    before: dict[int, Any] = {n: signal.signal(n, _receive) for n in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Let a signal wait until the code in the block calls :func:`raise_deferred`."""
    Received.can_wait = True
    try:
        yield
    finally:
        Received.can_wait = False
    raise_deferred()


def raise_deferred() -> None:
    """End the training if a signal waits.

    Raises:
        KeyboardInterrupt: a signal waits.
    """
    if Received.waits:
        Received.waits = False
        raise KeyboardInterrupt


def _receive(number: int, frame: FrameType | None) -> None:
    for ending in ENDING:
        signal.signal(ending, signal.SIG_DFL)
    Received.number = number
    if not Received.can_wait:
        raise KeyboardInterrupt
    Received.waits = True
    os.write(2, b"saving the training so far; a second signal ends it at once\n")
