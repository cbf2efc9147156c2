"""Ensembles: each network is trained as alone, and the mean is of predictions."""

from pathlib import Path

import pytest
import torch
from conftest import CONF, Compose, Run
from omegaconf import OmegaConf
from torch import nn
from trained_ensembles import FOLDS, WINE, ensemble_of, trained, weights

from litmlp.engine.config.build import build_data
from litmlp.engine.config.complete_config import complete
from litmlp.engine.folder.run_folder import read_summary
from litmlp.ensemble import mean_outputs
from litmlp.errors import UserError
from litmlp.supervised import Supervised


def test_a_network_of_an_ensemble_is_trained_as_it_is_alone(config: Compose) -> None:
    alone = trained(config, *WINE, folder="alone")
    model = trained(config, *WINE, "ensemble=seeds", "ensemble.size=3")
    first, second, third = ensemble_of(model).members
    torch.testing.assert_close(weights(first), weights(alone.network))
    assert not torch.allclose(weights(second), weights(third))


def test_a_network_does_not_see_the_rows_of_its_fold(config: Compose) -> None:
    model = trained(config, *FOLDS)
    data = build_data(complete(config(*FOLDS)))
    assert data.training_folds is not None
    out = data.training_folds == 1
    assert 0.3 < out.float().mean() < 0.37
    changed = data.samples.targets[data.rows["train"][out]]
    data.samples.targets[data.rows["train"][out]] = (changed + 1) % 3
    other = trained(config, *FOLDS, data=data, folder="other")
    pairs = zip(ensemble_of(model).members, ensemble_of(other).members, strict=True)
    same = [torch.allclose(weights(a), weights(b)) for a, b in pairs]
    assert same == [False, True, False]


def test_a_row_is_validated_by_the_network_without_it(config: Compose) -> None:
    model = trained(config, *FOLDS).eval()
    data = model.trainer.datamodule
    assert torch.equal(data.rows["val"], data.rows["train"])
    assert data.split_features["val"] is data.split_features["train"]
    features, indices = data.split_features["train"], data.training_folds
    found = ensemble_of(model)(features, indices)
    for k, member in enumerate(ensemble_of(model).members):
        expected = member(features[indices == k])
        torch.testing.assert_close(found[indices == k], expected)
    loss = nn.functional.cross_entropy(found, data.split_targets["train"])
    reported = model.trainer.callback_metrics["loss/val"]
    torch.testing.assert_close(reported, loss.detach())


def test_the_temperature_is_the_best_for_rows_that_were_left_out(
    config: Compose,
) -> None:
    model = trained(config, *FOLDS, "optimizer.lr=0.1").eval()
    ensemble, data = ensemble_of(model), model.trainer.datamodule
    features, targets = data.split_features["train"], data.split_targets["train"]

    def loss_at(factor: float) -> float:
        outputs = ensemble(features, data.training_folds) / factor
        return float(nn.functional.cross_entropy(outputs, targets).detach())

    assert ensemble.temperature > 1.2
    assert loss_at(1.0) < min(loss_at(0.98), loss_at(1.02))


@pytest.mark.parametrize(
    ("link", "predict"),
    [
        (nn.Softmax, lambda outputs: outputs.softmax(dim=-1)),
        (nn.Sigmoid, torch.sigmoid),
        (nn.Identity, lambda outputs: outputs),
    ],
)
def test_the_mean_is_that_of_the_predictions(link: type, predict: object) -> None:
    assert callable(predict)
    outputs = 5 * torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(0))
    found = predict(mean_outputs(list(outputs), link))
    torch.testing.assert_close(found, predict(outputs).mean(dim=0))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("ensemble=seeds ensemble.size=0", "ensemble.size=0: must be 1 or more"),
        ("ensemble=folds ensemble.size=143", "ensemble.size=143: needs 2 folds"),
        ("ensemble=seeds +ensemble.vary={dropout.p:[0,1]}", "ensemble.vary is gone"),
    ],
)
def test_an_impossible_ensemble_is_refused(
    config: Compose, overrides: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        trained(config, *WINE, *overrides.split())


def test_the_recipe_for_tables_trains_on_any_task(run: Run, tmp_path: Path) -> None:
    people = (f"data.path={CONF.parent}/tests/people.csv", "data.drop=[id]")
    small = ("ensemble.size=2", "model.hidden_sizes=[8]", "trainer.max_epochs=2")
    small += ("encoding.max_one_hot=2",)  # so that a network has look-ups of its own
    for target, metric in (("city", "accuracy"), ("income", "rmse")):
        own = (f"data.target={target}", f"name={target}", "trainer.accelerator=cpu")
        assert run("train", "experiment=table", *people, *small, *own).code == 0
        (folder,) = tmp_path.glob(f"logs/{target}/runs/*")
        metrics = read_summary(folder)["metrics"]
        assert metrics[f"{metric}/val"] is not None


def test_an_ablation_takes_each_part_of_the_recipe_away(config: Compose) -> None:
    file = OmegaConf.load(CONF / "experiment/sweep/table_ablation.yaml")
    sweep = file.hydra.sweeper.params
    nothing, *parts = sweep["+experiment/table_without"].split(",")
    assert {nothing, *parts} == {
        p.stem for p in CONF.glob("experiment/table_without/*")
    }
    added = "experiment=table", "+experiment/table_without"
    whole = config(added[0])
    assert config(added[0], f"{added[1]}={nothing}") == whole
    for part in parts:
        assert config(added[0], f"{added[1]}={part}") != whole


@pytest.mark.parametrize("ensemble", ["none", "folds"])
def test_half_precision_ends_at_the_outputs(config: Compose, ensemble: str) -> None:
    half = ("trainer.precision=bf16-mixed", f"ensemble={ensemble}", "ensemble.size=2")
    size = half if ensemble == "folds" else half[:2]
    model = trained(config, *WINE, *size)
    assert model.trainer.callback_metrics["loss/val"].dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert model(torch.zeros(3, 13)).dtype == torch.float32


def test_an_ensemble_is_one_run(run: Run, tmp_path: Path) -> None:
    options = ("dropout=dropout", "embedding=periodic", "callbacks=default")
    folds = ("ensemble=folds", "ensemble.size=2", *options)
    assert run("train", *WINE, *folds, "logger=default").code == 0
    (folder,) = tmp_path.glob("logs/default/runs/*")
    ended = run("evaluate", f"run={folder}")
    assert "the same as in summary.json, to the last digit" in ended.out
    for format in ("onnx", "torch_export"):
        assert run("export", f"run={folder}", f"format={format}").err == ""
    loaded = Supervised.load_from_checkpoint(folder / "checkpoints" / "best.ckpt")
    assert len(ensemble_of(loaded).members) == 2
    longer = run("train", f"resume={folder}", "trainer.max_epochs=4")
    assert longer.code == 0, longer.err


def test_a_sweep_trains_ensembles_one_by_one(run: Run, tmp_path: Path) -> None:
    sweep = ("ensemble=seeds", "ensemble.size=2", "optimizer.lr=1e-3,1e-2")
    ended = run("train", "-m", *WINE, *sweep, "hydra/launcher=vectorized")
    assert "trained alone: an ensemble cannot be stacked" in ended.out
    assert len([*tmp_path.glob("logs/default/sweeps/*/*/summary.json")]) == 2
