"""The public data sets of OpenML by name: the first use needs the internet."""

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from sklearn.datasets import fetch_openml

from litmlp.data.tables.tabular import Name, Tabular
from litmlp.errors import UserError

Version = int | Literal["active"]


@dataclass(kw_only=True, eq=False)
class OpenMLData(Tabular):
    """A data set of https://www.openml.org.

    Args:
        name: name of the set, such as ``credit-g``.
        version: version of the set; by default the oldest active version.
        target: the column to predict; by default the target that the set names.

    The other arguments are those of :class:`~litmlp.data.tables.tabular.Tabular`.

    Raises:
        UserError: no such set, no connection, or a set that is no table of numbers and
            categories.
    """

    name: str
    version: Version = "active"
    target: Name | Sequence[Name] | None = None
    missing: Sequence[Name | None] | None = ()  # OpenML marks missing values itself

    @property
    def source(self) -> str:
        return f"OpenML {self.name}"

    @property
    def targets(self) -> Sequence[str]:
        if self.target is not None:
            return super().targets
        default = fetch(self.name, self.version).details.get("default_target_attribute")
        if not default:
            raise UserError(f"{self.source} names no target: give data.target=…")
        return str(default).split(",")

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        table = as_table(fetch(self.name, self.version))
        return table if columns is None else table.select(columns)


@functools.lru_cache(maxsize=1)
def fetch(name: str, version: Version) -> Any:
    """Fetch a set as scikit-learn returns it: numbers, and codes of categories."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of other active versions
        try:
            return fetch_openml(
                name,
                version=version,
                target_column=None,  # the target is a column like the others
                as_frame=False,
                parser="liac-arff",  # the other one needs pandas
                n_retries=1,
                delay=0.1,
            )
        except OSError as error:
            raise UserError(
                f"data.name={name}: OpenML cannot be reached ({error}). A set that "
                "was fetched before is in scikit-learn's cache and needs no connection"
            ) from error
        except ValueError as error:
            reason = str(error).split(" Try ")[0]  # without advice for Python callers
            raise UserError(f"data.name={name}: {reason}") from error


def as_table(bunch: Any) -> pl.DataFrame:
    """Turn a set into a table, with the names of categories instead of codes."""
    data = bunch.data.toarray() if hasattr(bunch.data, "toarray") else bunch.data
    columns = []
    for name, values in zip(bunch.feature_names, data.T, strict=True):
        column = pl.Series(name, values, nan_to_null=True)
        if categories := bunch.categories.get(name):
            texts = pl.Series(name, categories, dtype=pl.Enum(categories))
            column = texts.gather(column.cast(pl.UInt32))
        columns.append(column)
    return pl.DataFrame(columns)
