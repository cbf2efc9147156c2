"""Numbers as a report writes them."""

from collections.abc import Mapping
from typing import Any

from litmlp.engine.report.run_record import text_of


def number(value: float | None) -> str:
    """Four decimals, fewer for large numbers, and nothing for none.

    >>> number(0.97142), number(54321.5), number(0.00001234)
    ('0.9714', '54321.5', '1.23e-05')
    """
    size = abs(value or 0.0)
    if 0 < size < 0.001:
        return f"{value:.3g}"
    return decimals(value, 4 if size < 10 else 2 if size < 1000 else 1)


def decimals(value: float | None, digits: int) -> str:
    """So many digits after the point, and nothing for none."""
    return "" if value is None else f"{value:.{digits}f}"


def short(value: Any) -> str:
    """A choice as one would type it, with four digits of a number at most.

    >>> short(0.0052855728), short(64), short("relu")
    ('0.005286', '64', 'relu')
    """
    return f"{value:.4g}" if isinstance(value, float) else text_of(value)


def spread(row: Mapping[str, Any], name: str) -> str:
    """Mean ± standard deviation of a row's column of statistics."""
    mean, std = row[f"{name} mean"], row[f"{name} std"]
    return number(mean) if std is None else f"{number(mean)} ± {number(std)}"


def interval(row: Mapping[str, Any], name: str) -> str:
    """The ends of a mean's 95 % interval."""
    low, high = row[f"{name} low"], row[f"{name} high"]
    return "" if low is None else f"{number(low)} to {number(high)}"


def percent(share: float | None) -> str:
    """A share of one in percent."""
    return "" if share is None else f"{100 * share:.0f} %"
