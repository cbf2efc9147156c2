"""Files that polars breaks off at, in ways that it does not foresee itself."""

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import polars as pl

from litmlp.errors import UserError

STDERR = 2
"""The descriptor to which polars says where it broke off."""


@contextmanager
def survived(source: str) -> Iterator[None]:
    """Within the block a panic of polars, which is no ``Exception``, is a mistake.

    What is said on stderr meanwhile comes at the end, unless it is of a panic.

    Args:
        source: of the data, for messages.

    Raises:
        UserError: polars panics.
    """
    with TemporaryFile() as said, held_back(said):
        try:
            yield
        except pl.exceptions.PanicException as error:
            said.truncate(0)
            raise UserError(
                f"{source} cannot be read: it is damaged, or a value of it is out of "
                "all range"
            ) from error


@contextmanager
def held_back(said: IO[bytes]) -> Iterator[None]:
    """Keep what is said on stderr in a file, and say it at the end."""
    if sys.stderr is None:  # closed, and the descriptor may be another file's
        yield
        return
    before = os.dup(STDERR)
    os.dup2(said.fileno(), STDERR)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, STDERR)
        os.close(before)
        said.seek(0)
        os.write(STDERR, said.read())


READ = """
import sys, polars
for _ in polars.scan_parquet(sys.argv[1]).collect_batches(): pass
"""
"""What a process does that may be ended by it."""


def refuse_deadly(file: Path) -> None:
    """Have a Parquet file read elsewhere first: damage can end the process that reads.

    For a length in it that no memory suffices for, polars ends the whole process, and
    nothing can catch that. A file costs the start of Python with polars, once.

    Raises:
        UserError: it has.
    """
    about = file.stat()
    if not is_survived(file.resolve(), about.st_size, about.st_mtime_ns):
        raise UserError(f"{file} cannot be read: it is damaged")


@functools.cache
def is_survived(file: Path, size: int, changed: int) -> bool:
    """Whether a process that reads a file lives on; size and time are the file's."""
    command = [sys.executable, "-P", "-c", READ, str(file)]
    ended = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return ended.returncode in (0, 1)  # 1: an exception, which this process can catch
