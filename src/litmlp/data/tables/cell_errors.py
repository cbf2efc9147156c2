"""Mistakes in a table's values, reported with the file and the line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from litmlp.errors import UserError


class CellError(UserError):
    """A value that cannot be used; only its file knows in which line it stands.

    Args:
        column: what the value belongs to, such as ``column age``.
        row: index of the row among those that were read together.
        problem: the value and what is wrong with it.
    """

    def __init__(self, column: str, row: int, problem: str) -> None:
        super().__init__(f"{column}, {row_number(row)}: {problem}")
        self.column, self.row, self.problem = column, row, problem


def row_number(row: int) -> str:
    """Name a row of a table that has no lines; the first is row 1."""
    return f"row {row + 1:,}"


@contextmanager
def mistakes_in(
    source: str, place: Callable[[int], str] = row_number, start: int = 0
) -> Iterator[None]:
    """Begin the message of every mistake in the block with its file and line.

    Args:
        place: names the place of a row, such as ``line 7``.
        start: index in the file of the first row that is read.
    """
    try:
        yield
    except CellError as error:
        where = f"{source}: {error.column}, {place(start + error.row)}"
        raise UserError(f"{where}: {error.problem}") from error
    except UserError as error:
        raise UserError(f"{source}: {error}") from error
