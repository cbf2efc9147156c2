"""Cross-validation in a group leaves what it leaves one run after the other."""

from pathlib import Path

import polars as pl
from conftest import Run
from polars.testing import assert_frame_equal
from test_launcher import SWEEP

FOLDS = (
    *("data=gauss", "data.num_samples=50", "data.num_folds=3", "data.fold=range(3)"),
    *("data.validation_share=0.2", "optimizer.lr=0.1,0.01", "callbacks=minimal"),
    *("hydra.sweep.dir=${name}", "logger=none"),
)


def test_rows_are_predicted_by_the_fold_that_has_not_seen_them(
    run: Run, tmp_path: Path
) -> None:
    """New rows are predicted by the mean of all folds."""
    grouped = run("train", *SWEEP, *FOLDS, "name=grouped")
    alone = run("train", "-m", *SWEEP[3:], *FOLDS, "name=alone")
    assert grouped.code == alone.code == 0, grouped.err
    points = pl.DataFrame({"x1": [0.5, -1.0, 2.0], "x2": [1.5, 0.0, -2.0]})
    points.write_csv(tmp_path / "points.csv")
    for name in ("grouped", "alone"):
        where = (f"run={name}", "input=points.csv", f"output={name}/predicted.csv")
        assert run("predict", *where).code == 0
    files = sorted(path.name for path in (tmp_path / "alone").glob("*.csv"))
    assert len(files) == 3
    for name in files:
        tables = [pl.read_csv(tmp_path / each / name) for each in ("alone", "grouped")]
        assert_frame_equal(*tables, rel_tol=1e-3, abs_tol=1e-3)
        if name.startswith("out_of_fold-optimizer.lr-0."):
            assert tables[0]["row"].to_list() == list(range(50))
            assert sorted(set(tables[0]["fold"])) == [0, 1, 2]
            assert name in grouped.out
