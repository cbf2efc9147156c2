"""Files that are whole or not there, whatever ends the process."""

import os
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
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise UserError(
            f"{where}{error.strerror or error}: what was saved before stays"
        ) from error


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside ``path`` and move it there: it is never half-written.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        write(partial)
        settle(partial)
        os.replace(partial, path)
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
