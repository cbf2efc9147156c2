"""A user's own table: CSV or Parquet files with a header."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import polars as pl
import torch
from torch import Tensor

from litmlp.data.disk_tensors import empty_on_disk, join_chunks
from litmlp.data.samples import Column
from litmlp.data.tables.cell_errors import mistakes_in
from litmlp.data.tables.raw_features import Unseen, as_tensor, describe_unseen
from litmlp.data.tables.read import Source, open_source, read_table
from litmlp.data.tables.read_column import Wording
from litmlp.data.tables.table_file import Split, TableFile, label_rows
from litmlp.data.tables.tabular import Name, Tabular
from litmlp.data.tables.targets import read_again
from litmlp.data.tables.trained_model_rows import read_inputs
from litmlp.errors import UserError

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class TableData(Tabular):
    """A table in which some columns predict one other, or several real-valued ones.

    Args:
        path: a CSV, Parquet, Arrow or NDJSON file with named columns; a CSV or NDJSON
            file may be packed by gzip.
        validation_path, test_path: files with the same columns in any order, whose rows
            are not trained on. Categories that ``path`` lacks count as unseen.
        separator: between the columns of a CSV file; by default it is found.
        skip_rows: lines above the header of a CSV file.
        stream: whether the features stay on the disk, for a Parquet file that is larger
            than memory: they are read in pieces and kept in temporary files, and rows
            are shuffled within large buffers. Without shuffling, the results are the
            same to the last bit. Text of two readings is read column by column.

    The other arguments are those of :class:`~litmlp.data.tables.tabular.Tabular`.

    Raises:
        UserError: no such file or column, a column that cannot be used, or files that
            do not go together.
    """

    path: str
    target: Name | Sequence[Name]
    validation_path: str | None = None
    test_path: str | None = None
    separator: str | None = None
    skip_rows: int = 0
    stream: bool = False

    @property
    def source(self) -> str:
        return self.path

    @property
    def place(self) -> Callable[[int], str]:
        return self._open(self.path).place

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        return read_table(self._open(self.path), columns)

    def read_all(self) -> tuple[pl.DataFrame, Sequence[str]]:
        if not self.stream:
            return super().read_all()
        source = self._open(self.path)
        return read_table(source, self._kept(source)), source.names

    def take_inputs(
        self, files: Sequence[TableFile], columns: Sequence[Column]
    ) -> Tensor:
        if not self.stream:
            return super().take_inputs(files, columns)
        pieces = chain.from_iterable(self._pieces(file, columns) for file in files)
        rows = sum(file.rows.height for file in files)
        return join_chunks(pieces, rows, like=empty_on_disk(1, 1))

    def _pieces(self, file: TableFile, columns: Sequence[Column]) -> Iterator[Tensor]:
        """Yield raw features [rows, columns] of the labelled rows of a file."""
        is_labelled = torch.zeros(file.table.height, dtype=torch.bool)
        is_labelled[as_tensor(file.rows["row"])] = True
        unseen, start = Unseen(), 0
        for piece, _ in read_inputs(self._open(file.source), columns, [], unseen):
            yield piece[is_labelled[start : start + len(piece)]]
            start += len(piece)
        for line in describe_unseen(unseen):
            log.info(f"{file.source}: {line}")

    def _kept(self, source: Source) -> list[str] | None:
        """Return the columns to read as a whole; None for all."""
        if not self.stream:
            return None
        is_first = source.path == self.path
        kept = dict.fromkeys([*self.targets, *self.roles.values()])
        return [name for name in kept if is_first or name in source.names]

    def _open(self, path: str) -> Source:
        if self.separator is not None and len(self.separator.encode()) != 1:
            raise UserError(f"data.separator={self.separator!r}: must be one character")
        if self.skip_rows < 0:
            raise UserError(f"data.skip_rows={self.skip_rows}: must be 0 or more")
        source = open_source(path, separator=self.separator, skip_rows=self.skip_rows)
        if self.stream and source.format != "parquet":
            raise UserError(
                f"data.stream=true needs Parquet, and {path} is {source.format}: write "
                "it with polars, as pl.scan_csv(…).sink_parquet(…) does in pieces"
            )
        return source

    def other_files(
        self,
        columns: Sequence[Column],
        targets: Sequence[Column],
        for_classes: bool,
        wording: Wording,
    ) -> list[TableFile]:
        paths: dict[Split, str | None]
        paths = {"val": self.validation_path, "test": self.test_path}
        names = [column.name for column in (*columns, *targets)]
        files = []
        for split, path in paths.items():
            if not path:
                continue
            source = self._open(path)
            if missing := [name for name in names if name not in source.names]:
                raise UserError(
                    f"{path} has no column {', '.join(missing)}, which {self.path} has"
                )
            table = read_table(source, self._kept(source))
            with mistakes_in(path, source.place):
                values = pl.DataFrame(
                    read_again(table[column.name], column, for_classes=for_classes)
                    for column in targets
                )
            file = label_rows(
                path, source.place, table, values, self.roles, wording, split
            )
            files.append(file)
        return files
