"""Measures, against numbers that were put into a made-up run folder."""

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch

from litmlp.course.lessons import measures
from litmlp.course.lessons.sweep_runs import SweepRun
from litmlp.errors import UserError

COLUMNS = {
    "epoch": [0, 1, 2, 3, 4],
    "loss/train": ["", 0.9, 0.5, 0.6, 0.2],
    "gradient_norm/layer_1": [0.02, "", "", "", 5.0],
    "gradient_norm/layer_2": [0.3, "", "", "", 5.0],
    "gradient_norm/layer_10": [0.4, "", "", "", 5.0],
    "gradient_norm/output": [0.8, "", "", "", 5.0],
    "activation_spread/layer_2": [3.0, "", "", "", 1.0],
    "activation_spread/layer_10": [7.0, "", "", "", 1.0],
    "gradient_norm/all": [1.0, "", "", "", 9.0],
    "dead_share/layer_1": [0.0, "", "", "", 0.25],
    "dead_share/layer_2": [0.0, "", "", "", 0.75],
}


@pytest.fixture
def run(tmp_path: Path) -> SweepRun:
    lines = [COLUMNS.keys(), *zip(*COLUMNS.values(), strict=True)]
    text = "\n".join(",".join(map(str, line)) for line in lines)
    (tmp_path / "metrics.csv").write_text(text)
    summary = {
        "status": "done",
        "samples_per_second": 1200.5,
        "metrics": {"accuracy/test": 0.75, "loss/test": None},
    }
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    state = {
        "network.hidden.0.linear.weight": torch.tensor([[0.0, 2.0, 0.0, -2.0]]),
        "network.hidden.0.linear.bias": torch.zeros(1),
        "network.output.weight": torch.tensor([[0.001], [-0.1]]),
        "encoding.weight": torch.zeros(9, 9),
    }
    (tmp_path / "checkpoints").mkdir()
    torch.save({"state_dict": state}, tmp_path / "checkpoints" / "last.ckpt")
    return SweepRun(folder=tmp_path, settings={}, repeat=())


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (partial(measures.recorded, name="samples_per_second"), 1200.5),
        (partial(measures.at_best, tag="accuracy/test"), 0.75),
        (partial(measures.at_best, tag="loss/test"), math.nan),  # it was infinite
        (partial(measures.at_start, tag="loss/train"), 0.9),
        (partial(measures.at_end, tag="loss/train"), 0.2),
        (partial(measures.epochs_until, tag="loss/train", below=0.55), 2),
        (partial(measures.epochs_until, tag="loss/train", below=0.1), 4),  # never
        (partial(measures.epochs_until, tag="loss/train", above=0.55), 1),
        (partial(measures.rises, tag="loss/train"), 1 / 3),
        (measures.gradient_share, 0.02 / 0.4),
        (measures.last_spread, 7.0),
        (measures.dead_units, 0.5),
        (partial(measures.small_weights, within=0.001), 3 / 6),
        (partial(measures.weight_spread, layer=1), 2 * (8 / 3) ** 0.5),
    ],
)
def test_a_measure_is_the_number_in_the_folder(
    measure: Callable[[SweepRun], float], expected: float, run: SweepRun
) -> None:
    assert measure(run) == pytest.approx(expected, nan_ok=True)


def test_units_that_cannot_die_are_none_and_one_epoch_does_not_rise(
    run: SweepRun,
) -> None:
    (run.folder / "metrics.csv").write_text("epoch,gradient_norm/all\n1,0.5\n")
    assert measures.dead_units(run) == 0.0
    assert math.isnan(measures.rises(run, tag="gradient_norm/all"))


def test_layers_need_a_diagnosis(run: SweepRun) -> None:
    (run.folder / "metrics.csv").write_text("epoch,loss/train\n1,0.5\n")
    for measure in (measures.dead_units, measures.gradient_share, measures.last_spread):
        with pytest.raises(UserError, match=r"no diagnosis: give callbacks.diagnosis"):
            measure(run)


def test_a_missing_metric_is_named(run: SweepRun) -> None:
    with pytest.raises(UserError, match=r"no accuracy/tset. .*mean accuracy/test\?"):
        measures.at_best(run, tag="accuracy/tset")
