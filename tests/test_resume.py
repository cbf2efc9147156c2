"""A run that was killed and goes on ends as if it had never been interrupted."""

from pathlib import Path

import pytest
from interrupted import At, differences, killed, run

from litmlp import runs

STOPS_EARLY = (
    *("data=iris", "data.batch_size=20", "trainer=cpu", "trainer.max_epochs=30"),
    *("dropout=dropout", "dropout.p=0.3", "optimizer.lr=0.05"),
    "callbacks.early_stopping.patience=2",
    "callbacks.diagnosis.every_epochs=2",
    "callbacks.checkpoint.every_iterations=3",
    "scheduler=reduce_on_plateau",
)
"""96 rows in five batches, the last of 16."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run(folder, *STOPS_EARLY)
    return folder


MOMENTS = {
    "start-up": At("build_model"),
    "first batch": At("Supervised.training_step"),
    "mid-epoch": At("Supervised.training_step", 8),
    "last batch": At("Supervised.training_step", 10),
    "after a step": At("Supervised.on_train_batch_end", 14),
    "validation": At("Supervised.validation_step", 3),
    "end of an epoch": At("Supervised.on_train_epoch_end", 2, "return"),
    "checkpoint is written": At("write", 3),
    "checkpoint takes its place": At("promote", 3),
    "between the two renames": At("settle", 6),
    "logger flush": At("MetricsCSV._write", 2),
    "early stop": At("BestAndLast.on_train_end"),
    "fit is over": At("BestAndLast.on_fit_end", 1, "return"),
    "test": At("Supervised.test_step"),
    "loggers are closed": At("close_loggers"),
    "summary": At("write_summary", 2),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_anywhere_ends_as_if_it_never_was(
    moment: str, whole: Path, tmp_path: Path
) -> None:
    killed(MOMENTS[moment], tmp_path, *STOPS_EARLY)
    assert runs.read_summary(tmp_path)["status"] == "interrupted"
    run(tmp_path, *STOPS_EARLY)
    assert differences(whole, tmp_path) == []
