"""Several labels of 0 and 1: loss, metrics, files, and an exported model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars as pl
import pytest
import torch
from conftest import Compose
from films import LABELS, write_films
from interrupted import run as train_in
from sklearn import metrics
from torch import Tensor, nn, tensor

import litmlp
from litmlp.data.bundled import BundledData
from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.predict.evaluate_file import evaluate_file
from litmlp.engine.predict.export import export
from litmlp.engine.predict.predict_file import predict_file
from litmlp.engine.predict.trained_model import trained
from litmlp.errors import UserError
from litmlp.loadable_module import Loss
from litmlp.losses import FocalLoss
from litmlp.multilabel import MultiLabelClassifier

TARGETS = tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
PROBABILITIES = [f"probability_{name}" for name in LABELS]


def multilabel(loss: Loss, names: tuple[str, ...] = ("a", "b")) -> MultiLabelClassifier:
    return MultiLabelClassifier(
        network=nn.Identity(),
        loss=loss,
        num_outputs=len(names),
        target_names=names,
        output_activation=nn.Sigmoid,
        metrics={},
    )


def logits() -> Tensor:
    return torch.randn(3, 2, generator=torch.Generator().manual_seed(0))


def test_the_loss_is_the_mean_over_all_labels_of_the_weighted_rows() -> None:
    p = logits().sigmoid()
    each = -(TARGETS * p.log() + (1 - TARGETS) * (1 - p).log())
    weights = tensor([0.5, 2.0, 0.5])
    model = multilabel(nn.BCEWithLogitsLoss())
    torch.testing.assert_close(model.compute_loss(logits(), TARGETS), each.mean())
    torch.testing.assert_close(
        model.compute_loss(logits(), TARGETS, weights),
        (weights * each.mean(dim=1)).mean(),
    )
    squared = multilabel(nn.MSELoss()).compute_loss(logits(), TARGETS)
    torch.testing.assert_close(squared, (p - TARGETS).square().mean())


@pytest.mark.parametrize(
    "loss", [nn.CrossEntropyLoss(), nn.SoftMarginLoss(), FocalLoss()]
)
def test_a_loss_of_classes_that_exclude_each_other_is_refused(loss: Loss) -> None:
    with pytest.raises(UserError, match="does not fit a multilabel task: choose loss="):
        multilabel(loss)


def test_targets_that_are_no_labels_are_refused(config: Compose) -> None:
    with pytest.raises(UserError, match=r"needs several.*data.target=\[a,b\]"):
        multilabel(nn.BCEWithLogitsLoss(), ("a",))
    composed = config("data=iris", "task=multilabel")
    with pytest.raises(UserError, match="needs several targets of 0 and 1, which"):
        build_model(composed, BundledData(name="iris"))
    rows = ("data=rows", "data.inputs=[[1],[2]]", "data.targets=[[0,1],[1,3]]")
    composed = config(*rows, "task=multilabel")
    data = build_data(composed)
    with pytest.raises(UserError, match="targets of 0 and 1, and a target is 3"):
        build_model(composed, data).check_targets(data.samples.targets)


@pytest.fixture(scope="module")
def film_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run, without the table that it was trained on."""
    return trained_on_films(tmp_path_factory.mktemp("films"))


def trained_on_films(folder: Path, *choices: str) -> Path:
    path = write_films(folder / "films.csv", 500)
    table = (f"data.path={path}", f"data.target=[{','.join(LABELS)}]")
    fixed = ("data=table", "task=multilabel", "trainer=cpu", "logger=none")
    budget = ("trainer.max_epochs=12", "callbacks=minimal")
    train_in(folder / "run", *fixed, *table, *budget, *choices)
    return folder / "run"


def test_a_run_learns_every_label_and_says_so(film_run: Path) -> None:
    summary = json.loads((film_run / "summary.json").read_text())
    assert summary["metrics"]["f1_macro/test"] > 0.8
    assert {"accuracy/test", "f1_micro/val", "auroc_micro/train"} <= {
        *summary["metrics"]
    }
    simple = summary["baselines"]
    assert (
        simple["mean"]["f1_macro/test"] < 0.7 < simple["linear model"]["f1_macro/test"]
    )
    card = (film_run / "model_card.md").read_text()
    assert "predicts comedy, drama, horror (task multilabel)" in card


def test_a_new_file_gets_a_probability_per_label(
    film_run: Path, tmp_path: Path
) -> None:
    new = str(write_films(tmp_path / "new.csv", 40))
    with trained(film_run) as model:
        predict_file(model, new, str(tmp_path / "out.csv"))
        evaluate_file(model, new)
    found = pl.read_csv(tmp_path / "out.csv")
    assert found.columns == PROBABILITIES
    probabilities, true = found.to_numpy(), pl.read_csv(new)[LABELS].to_numpy()
    scores = pl.read_csv(film_run / "evaluations" / "new" / "per_label.csv")
    assert scores["label"].to_list() == LABELS
    expected: dict[str, Any] = {
        "f1": metrics.f1_score(true, probabilities > 0.5, average=None),
        "auroc": metrics.roc_auc_score(true, probabilities, average=None),
    }
    for name, values in expected.items():
        assert scores[name].to_numpy() == pytest.approx(values), name
    loaded = litmlp.load(film_run)
    table = pl.read_csv(new)
    assert np.array_equal(loaded.predict(table), probabilities > 0.5)
    assert loaded.predict_proba(table) == pytest.approx(probabilities)


def test_an_exported_model_names_its_output(film_run: Path, tmp_path: Path) -> None:
    export(film_run, format="onnx", output=str(tmp_path / "films.onnx"))
    (output,) = onnx.load(tmp_path / "films.onnx").graph.output
    assert output.name == "probabilities"
