"""A made-up table of films with three labels of 0 and 1 each."""

from pathlib import Path

import numpy as np
import polars as pl

LABELS = ["comedy", "drama", "horror"]


def write_films(path: Path, rows: int = 120) -> Path:
    """Write a table whose labels follow from its numbers and its category."""
    drawn = np.random.default_rng(0)
    numbers, kind = drawn.normal(size=(rows, 3)), drawn.choice(["a", "b"], rows)
    scores = [2 * numbers[:, 0], numbers[:, 1] + 2 * (kind == "a") - 1, numbers[:, 2]]
    bits = [(own + drawn.logistic(size=rows) / 4 > 0).astype(int) for own in scores]
    features = {f"x{i}": column for i, column in enumerate(numbers.T)}
    labels = dict(zip(LABELS, bits, strict=True))
    pl.DataFrame(features | {"kind": kind} | labels).write_csv(path)
    return path
