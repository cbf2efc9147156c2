"""Files that are written as a whole or not at all, whatever ends the process."""

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
    path: Path, write: Callable[[Path], object], *, durable: bool = True
) -> None:
    """Write a file beside ``path`` and move it there.

    Args:
        path: of the file.
        write: called with the path beside it.
        durable: whether to wait for the disk, so that the file also outlives a power
            cut; that takes milliseconds.

    Raises:
        OSError: the file cannot be written; the one before stays.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        write(partial)
        if durable:
            sync(partial)
        os.replace(partial, path)
        if durable:
            sync(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Wait until the disk holds a file's content, or a folder's list of files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
