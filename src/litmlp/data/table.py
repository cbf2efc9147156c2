"""A user's own table: CSV or Parquet files with a header."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from litmlp.data.samples import Column
from litmlp.data.tables.read import read_table
from litmlp.data.tables.split_columns import Split, TableFile
from litmlp.data.tables.tabular import Tabular
from litmlp.errors import UserError

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class TableData(Tabular):
    """A table in which some columns predict one other, or several real-valued ones.

    Args:
        path: a ``.csv`` or ``.parquet`` file with a header.
        validation_path, test_path: files with the same columns in any order, whose rows
            are not trained on. Categories that ``path`` lacks count as unseen.

    The other arguments are those of :class:`~litmlp.data.tables.tabular.Tabular`.

    Raises:
        UserError: no such file or column, a column that cannot be used, or files that
            do not go together.
    """

    path: str
    target: str | Sequence[str]
    validation_path: str | None = None
    test_path: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        others = [path for path in (self.validation_path, self.test_path) if path]
        if self.split_column and others:
            raise UserError(
                f"split_column={self.split_column} and {', '.join(others)} both say "
                "which rows are for validation and test: choose one"
            )
        paths = [self.path, *others]
        if len(set(paths)) < len(paths):
            raise UserError(f"path, validation_path and test_path must differ: {paths}")

    @property
    def source(self) -> str:
        return self.path

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        kinds = self.kinds or {}
        text = [name for name, kind in kinds.items() if kind == "categorical"]
        return read_table(self.path, columns, text=text)

    def other_files(self, columns: Sequence[Column]) -> list[TableFile]:
        text = [column.name for column in columns if column.kind == "categorical"]
        paths: dict[Split, str | None] = {
            "val": self.validation_path,
            "test": self.test_path,
        }
        files = []
        for split, path in paths.items():
            if path:
                table = read_table(path, text=text)
                self._check_columns(path, table.columns, columns)
                files.append(self.label(path, table, split))
        return files

    def _check_columns(
        self, path: str, names: Sequence[str], columns: Sequence[Column]
    ) -> None:
        """Raise a UserError if a file lacks a column, and log its other columns."""
        needed = [*(column.name for column in columns), *self.targets]
        if missing := [name for name in needed if name not in names]:
            raise UserError(
                f"{path} has no column {', '.join(missing)}, which {self.path} has"
            )
        known = {*needed, *self.drop, self.group, self.time}
        if extra := [name for name in names if name not in known]:
            log.info(f"{path}: ignored columns: {', '.join(extra)}")
