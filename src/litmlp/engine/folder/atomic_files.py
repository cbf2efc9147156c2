"""Files that are whole or not there, whatever ends the process."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def leave_disk_errors_to_main_thread() -> Iterator[None]:
    """Print no traceback of an ``OSError`` in another thread, such as TensorBoard's.

    Whatever logs next in the main thread raises the same error there.
    """
    before = threading.excepthook

    def others(failed: threading.ExceptHookArgs) -> None:
        if not issubclass(failed.exc_type, OSError):
            before(failed)

    threading.excepthook = others
    try:
        yield
    finally:
        threading.excepthook = before


def replace(
    path: Path, write: Callable[[Path], object], *, settled: bool = True
) -> None:
    """Write a file beside ``path`` and move it there: it is never half-written.

    Args:
        path: of the file.
        write: called with the path beside it.
        settled: whether the disk holds it before this returns, so that it outlives a
            power cut, too; that takes milliseconds.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        write(partial)
        if settled:
            settle(partial)
        os.replace(partial, path)
        if settled:
            settle(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def settle(path: Path) -> None:
    """Have the disk hold a file's content, or a folder's list of files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
