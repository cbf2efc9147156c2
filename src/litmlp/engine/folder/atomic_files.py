"""Files that are whole or not there, whatever ends the process."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from litmlp.errors import UserError


@contextmanager
def failures_told() -> Iterator[None]:
    """A full disk, a folder that is gone or may not be written to is one clear line.

    Raises:
        UserError: instead of any ``OSError`` in the block.
    """
    before = threading.excepthook

    def others(failed: threading.ExceptHookArgs) -> None:
        if not issubclass(failed.exc_type, OSError):
            before(failed)

    threading.excepthook = others  # TensorBoard's thread tells those who log next, too
    try:
        yield
    except Exception as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(error, UserError) or not isinstance(cause, OSError):
            raise
        where = f"{os.fsdecode(cause.filename)}: " if cause.filename else ""
        raise UserError(
            f"{where}{cause.strerror or cause}: what was saved before stays"
        ) from error
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
