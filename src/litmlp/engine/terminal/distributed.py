"""What is said of a run whose processes fail."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch.multiprocessing.spawn import ProcessRaisedException

from litmlp.errors import UserError


@contextmanager
def told_by_one() -> Iterator[None]:
    """An error of another process is told as if it were this one's.

    Raises:
        UserError: it was a mistake of the user's.
        RuntimeError: it was anything else.
    """
    try:
        yield
    except ProcessRaisedException as error:
        *_, last = str(error).strip().splitlines()
        kind, _, message = last.partition(": ")
        if kind.rpartition(".")[2] == UserError.__name__:
            raise UserError(message) from error
        raise RuntimeError(f"in another process: {last}") from error
