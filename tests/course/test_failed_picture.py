"""A picture that cannot be drawn is one line, and ends neither a run nor a report."""

from pathlib import Path
from typing import NoReturn

import pytest
from conftest import Run
from matplotlib.figure import Figure

QUICK = ["data=xor", "data.num_samples=40", "trainer=cpu", "trainer.max_epochs=1"]
LEFT_OUT = "a picture is left out: RuntimeError: no such font"


@pytest.fixture(autouse=True)
def no_picture_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> NoReturn:
        raise RuntimeError("no such font")

    monkeypatch.setattr(Figure, "savefig", fail)


def test_a_run_whose_pictures_all_fail_is_done(run: Run, tmp_path: Path) -> None:
    ended = run("train", *QUICK, "callbacks=full", "hydra.run.dir=run")
    assert ended.code == 0, ended.err
    # The surface before and after the epoch, and the results.
    assert (ended.out + ended.err).count(LEFT_OUT) == 3
    assert '"status": "done"' in (tmp_path / "run" / "summary.json").read_text()


def test_a_report_and_a_lesson_without_pictures_are_written(
    run: Run, tmp_path: Path
) -> None:
    lesson = ["experiment=lesson/symmetry", "trainer=cpu", "trainer.max_epochs=1"]
    grid = ["hydra.sweeper.params.initializer='constant,ones'", "hydra.sweep.dir=sweep"]
    ended = run("train", *lesson, *grid, "hydra.sweeper.params.seed='0,1'")
    assert ended.code == 0, ended.err
    assert LEFT_OUT in ended.out + ended.err
    assert (tmp_path / "sweep" / "verdict.json").is_file()
    assert "<img" not in (tmp_path / "sweep" / "report" / "report.html").read_text()
