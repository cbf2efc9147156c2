"""A picture that cannot be drawn is one line, and ends neither a run nor a report."""

from pathlib import Path
from typing import NoReturn

import pytest
from conftest import Run

from litmlp.callbacks import (
    decision_surface,
    histograms,
    result_figures,
    tensorboard_layout,
)
from litmlp.callbacks.worked_example import WorkedExample
from litmlp.course.lessons import picture
from litmlp.engine.report import draw_curves as report_curves
from litmlp.engine.report import draw_sweep

QUICK = ["data=xor", "data.num_samples=40", "trainer=cpu", "trainer.max_epochs=1"]


def fail(*arguments: object, **options: object) -> NoReturn:
    raise RuntimeError("no such font")


def test_a_run_whose_pictures_all_fail_is_done(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision_surface, "plane_figure", fail)
    monkeypatch.setattr(histograms, "distributions", fail)
    monkeypatch.setattr(result_figures, "draw_results", fail)
    monkeypatch.setattr(tensorboard_layout, "traced_graph", fail)
    monkeypatch.setattr(WorkedExample, "_cells", fail)
    tables = ["weights", "neurons"]
    kinds = ["weight_table.WeightTable", "neuron_table.NeuronTable"]
    shown = [
        f"+callbacks.{name}._target_=litmlp.callbacks.{kind}"
        for name, kind in zip(tables, kinds, strict=True)
    ]
    small = ["model.hidden_sizes=[2]", "+callbacks.neurons.max_lines=99"]
    ended = run("train", *QUICK, *shown, *small, "callbacks=full", "hydra.run.dir=run")
    assert ended.code == 0, ended.err
    said = (ended.out + ended.err).count("a picture is left out: RuntimeError: no such")
    # The surface before and after the epoch, histograms, results, graph and tables.
    assert said == 7, ended.out + ended.err
    assert '"status": "done"' in (tmp_path / "run" / "summary.json").read_text()


def test_a_report_and_a_lesson_without_pictures_are_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("draw_ranking", "draw_effects", "draw_pairing"):
        monkeypatch.setattr(draw_sweep, name, fail)
    monkeypatch.setattr(report_curves, "draw_curves", fail)
    monkeypatch.setattr(picture, "draw_curves", fail)
    grid = ["-m", "seed=0,1", "optimizer.lr=0.1,0.01", "hydra.sweep.dir=sweep"]
    ended = run("train", *QUICK, "callbacks=minimal", "logger=csv", *grid)
    assert ended.code == 0, ended.err
    assert "a picture is left out" in ended.out + ended.err
    page = (tmp_path / "sweep" / "report" / "report.html").read_text()
    assert "<img" not in page
