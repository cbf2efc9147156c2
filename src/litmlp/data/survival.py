"""Files that polars breaks off at, in ways that it does not foresee itself."""

import faulthandler
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO

import polars as pl

from litmlp.errors import UserError

STDERR = 2
"""The descriptor to which polars says where it broke off."""


@contextmanager
def survived(source: str) -> Iterator[None]:
    """Within the block a panic of polars, which is no ``Exception``, is a mistake.

    What is said on stderr meanwhile comes at the end, unless it is of a panic. Where
    polars ends the whole process, which nothing can catch, stderr says where.

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
        with last_words(before):
            yield
    finally:
        sys.stderr.flush()
        os.dup2(before, STDERR)
        os.close(before)
        said.seek(0)
        os.write(STDERR, said.read())


@contextmanager
def last_words(descriptor: int) -> Iterator[None]:
    """Say there where the process was when it is ended from within."""
    if faulthandler.is_enabled():  # by an outer block, or by who runs Python
        yield
        return
    faulthandler.enable(descriptor, all_threads=False)
    try:
        yield
    finally:
        faulthandler.disable()
