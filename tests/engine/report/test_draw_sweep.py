"""Pictures of a sweep show the numbers of its tables."""

from itertools import product
from pathlib import Path

import pytest
from made_up import make_sweep

from litmlp.engine.report.comparable_runs import Problem
from litmlp.engine.report.draw_sweep import draw_curves, draw_effects, draw_ranking


@pytest.fixture
def problem(tmp_path: Path) -> Problem:
    grid = product(("relu", "tanh"), (0.1, 0.01), range(3))
    values = {
        f"activation={a} optimizer.lr={lr} seed={s}": (a == "tanh") + lr + s / 100 + 1
        for a, lr, s in grid
    }
    del values["activation=tanh optimizer.lr=0.1 seed=0"]
    return make_sweep(tmp_path, values)


def test_ranking_has_a_row_a_choice_and_a_dot_a_run(problem: Problem) -> None:
    (panel,) = draw_ranking(problem).axes
    labels = [text.get_text() for text in panel.get_yticklabels()]
    assert labels == ["relu, 0.01", "relu, 0.1", "tanh, 0.01", "tanh, 0.1"]
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in panel.lines]
    assert ([1.01, 1.02, 1.03], [0, 0, 0]) in drawn
    (mean,) = [x for x, y in drawn if len(x) == 1 and y == [1]]
    assert mean == pytest.approx([1.11])
    ends = sorted(x for x, y in drawn if y == [2, 2])
    best = problem.ranking.row(2, named=True)
    assert ends[0] == [best["best_value low"], best["best_value high"]]
    assert panel.get_ylim()[0] > panel.get_ylim()[1]  # the best on top


def test_effects_have_a_panel_an_axis_on_one_scale(problem: Problem) -> None:
    panels = draw_effects(problem).axes
    titles = [panel.get_title(loc="left") for panel in panels]
    assert titles[0].startswith("activation: 9")
    assert titles[1].startswith("optimizer.lr: ")
    assert [text.get_text() for text in panels[1].get_xticklabels()] == ["0.01", "0.1"]
    assert panels[0].get_ylim() == panels[1].get_ylim()
    means = [line.get_ydata() for line in panels[0].lines if len(line.get_xdata()) == 1]
    assert means[0] == pytest.approx([1.065])


def test_numbers_have_an_axis_of_numbers(tmp_path: Path) -> None:
    rates = {f"optimizer.lr={lr}": lr for lr in (1e-4, 1e-3, 1e-2, 1e-1)}
    widths = {f"model.width={n}": 1.0 / n for n in range(10, 40)}
    repeated = {f"{k} seed={s}": v + s for k, v in rates.items() for s in range(2)}
    for name, values, scale in (
        ("repeated", repeated, "log"),
        ("few", rates, "log"),
        ("many", widths, "linear"),
    ):
        found = make_sweep(tmp_path / name, values)
        (panel,) = draw_effects(found).axes
        assert panel.get_xscale() == scale
        drawn = {x for line in panel.lines for x in line.get_xdata()}
        typed = {float(k.split("=")[1].split()[0]) for k in values}
        assert drawn == typed


def test_curves_are_those_of_the_runs_of_the_best_choices(tmp_path: Path) -> None:
    values = {f"activation={a} seed={s}": s + 1.0 for a in "abcdefg" for s in (0, 1)}
    problem = make_sweep(tmp_path, values)
    for number in range(12):
        rows = f"epoch,loss/val,x\n1,{number},\n,,3\n2,0.5,\n"
        (tmp_path / str(number) / "metrics.csv").write_text(rows)
    (tmp_path / "2" / "metrics.csv").write_text("epoch,loss/train\n1,2\n")
    (panel,) = draw_curves(problem).axes
    drawn = [(list(x.get_xdata()), list(x.get_ydata())) for x in panel.lines]
    numbers = [0, 1, 3, 4, 5, 6, 7, 8, 9]  # five choices, less a run without a curve
    assert drawn == [([1.0, 2.0], [number, 0.5]) for number in numbers]
    shown = [x.get_label() for x in panel.lines if not x.get_label().startswith("_")]
    assert shown == list("abcde")


def test_values_over_decades_have_a_logarithmic_scale(tmp_path: Path) -> None:
    values = {f"a={a} b={b}": 10.0 ** (a + b) for a in range(3) for b in range(3)}
    problem = make_sweep(tmp_path, values)
    assert draw_ranking(problem).axes[0].get_xscale() == "log"
    assert draw_effects(problem).axes[0].get_yscale() == "log"


def test_long_choices_are_cut_short(tmp_path: Path) -> None:
    values = {f"a={'x' * 60}{i} b={j}": i + j for i in range(16) for j in range(2)}
    problem = make_sweep(tmp_path, values)
    panel = draw_ranking(problem).axes[0]
    labels = [text.get_text() for text in panel.get_yticklabels()]
    assert len(labels) == 20
    assert max(map(len, labels)) == 40
    assert panel.get_title(loc="left").endswith("the best 20")
