"""Checkpoints are those of any Lightning project: loaded, tested, trained further."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from interrupted import keep_previous, run
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn
from torchmetrics.classification import MulticlassAccuracy

from litmlp.classifier import Classifier
from litmlp.data.bundled import BundledData
from litmlp.engine.folder import run_folder
from litmlp.errors import UserError
from litmlp.mlp import MLP
from litmlp.regressor import Regressor
from litmlp.supervised import Supervised

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's, which scripts silence

QUICK = ("trainer=cpu", "callbacks=minimal", "logger=none", "trainer.max_epochs=4")
NETWORK = ("model.hidden_sizes=[8]", "dropout=dropout", "batchnorm=after_activation")


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wine") / "run"
    often = "callbacks.checkpoint.every_iterations=5"  # an epoch has four batches
    with keep_previous():
        run(folder, "data=wine", *QUICK, *NETWORK, often)
    return folder


def plain(**changes: Any) -> Trainer:
    quiet = {"enable_progress_bar": False, "enable_model_summary": False}
    keep = {"logger": False, "enable_checkpointing": False, "accelerator": "cpu"}
    return Trainer(**{**quiet, **keep, "num_sanity_val_steps": 0, **changes})


def checkpoint(folder: Path, name: str = "best") -> str:
    return str(folder / "checkpoints" / f"{name}.ckpt")


def by_hand(data: BundledData) -> dict[str, Any]:
    return {
        "network": MLP(num_features=13, num_outputs=3, hidden_sizes=[8]),
        "num_outputs": 3,
        "class_names": data.facts["class_names"],
        "loss": nn.CrossEntropyLoss(),
        "output_activation": lambda: nn.Softmax(dim=1),
        "metrics": {"accuracy": MulticlassAccuracy(num_classes=3)},
        "preprocessing": data.fitted_preprocessing,
    }


@pytest.mark.parametrize("kind", [Classifier, Supervised])
def test_a_checkpoint_builds_its_module(kind: type[Supervised], wine: Path) -> None:
    model = kind.load_from_checkpoint(checkpoint(wine))
    assert type(model) is Classifier
    data = BundledData(name="wine")
    plain().test(model, data, verbose=False)
    assert_metrics_of(wine, model.trainer)


def assert_metrics_of(folder: Path, trainer: Trainer) -> None:
    found = {tag: float(value) for tag, value in trainer.callback_metrics.items()}
    assert found == run_folder.read_summary(folder)["metrics"]


def test_rows_are_predicted_in_a_process_of_its_own(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = [f"{i / 7},{'ab'[i % 2]},{'' if i == 3 else i},{i % 5}" for i in range(90)]
    table.write_text("\n".join(["x,c,z,y", *rows]))
    options = ["data=table", f"data.path={table}", "data.target=y", "task=regression"]
    run(tmp_path, *QUICK, *options, "trainer.precision=64-true", "encoding=embedding")
    code = (
        "import sys, torch, litmlp.classifier, litmlp.data.bundled\n"
        "from litmlp.regressor import Regressor\n"
        "model = Regressor.load_from_checkpoint(sys.argv[1])\n"
        "print(model.predict(torch.tensor([[1.0, 0.0, 2.0]]).double()).item())\n"
        # Lightning itself loads rich: test_layers.py keeps our own files from it.
        "assert {'hydra', 'omegaconf', 'litmlp.engine'}.isdisjoint(sys.modules)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, checkpoint(tmp_path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    from litmlp.engine.predict.trained_model import trained

    with trained(tmp_path) as model:
        expected = model.predict(torch.tensor([[1.0, 0.0, 2.0]]).double()).item()
    assert float(said) == expected


def test_a_checkpoint_of_another_class_says_so(wine: Path) -> None:
    with pytest.raises(UserError, match="holds a Classifier, not a Regressor"):
        Regressor.load_from_checkpoint(checkpoint(wine))


def test_arguments_replace_those_of_the_checkpoint(wine: Path) -> None:
    names = ["Barolo", "Grignolino", "Barbera"]
    model = Classifier.load_from_checkpoint(checkpoint(wine), class_names=names)
    assert model.class_names == names
    network = MLP(num_features=13, num_outputs=3, hidden_sizes=[8])
    with pytest.raises(RuntimeError, match="batchnorm"):
        Classifier.load_from_checkpoint(checkpoint(wine), network=network)


def test_values_of_the_environment_are_in_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMOOTHING", "0.123456")
    value = "loss.label_smoothing='${oc.decode:${oc.env:SMOOTHING}}'"
    run(tmp_path, "data=wine", *QUICK, value)
    content = torch.load(checkpoint(tmp_path), weights_only=True)
    assert "0.123456" not in str(content["description"])
    with pytest.raises(UserError, match="=<from the environment>"):
        Classifier.load_from_checkpoint(checkpoint(tmp_path))
    model = Classifier.load_from_checkpoint(
        checkpoint(tmp_path), loss=nn.CrossEntropyLoss()
    )
    assert isinstance(model.loss, nn.CrossEntropyLoss)


@pytest.mark.parametrize("name", ["last", "previous"])
def test_a_plain_trainer_goes_on(name: str, wine: Path) -> None:
    model = Classifier.load_from_checkpoint(checkpoint(wine, name))
    trainer = plain(max_epochs=6)
    trainer.fit(model, BundledData(name="wine"), ckpt_path=checkpoint(wine, name))
    assert trainer.current_epoch == 6
    assert trainer.global_step == 24
    assert model.epoch_state.samples == 6 * len(BundledData(name="wine").rows["train"])


def test_a_plain_trainer_goes_on_from_its_own_checkpoint(tmp_path: Path) -> None:
    data = BundledData(name="wine")
    whole, first, second = (Classifier(**by_hand(data)) for _ in range(3))
    for model in (first, second):
        model.load_state_dict(whole.state_dict())
    plain(max_epochs=4).fit(whole, BundledData(name="wine"))
    keeper = ModelCheckpoint(dirpath=tmp_path, monitor="loss/val", save_last=True)
    own = {"callbacks": [keeper], "enable_checkpointing": True}
    plain(max_epochs=2, **own).fit(first, BundledData(name="wine"))
    trainer = plain(max_epochs=4, **own)
    trainer.fit(second, BundledData(name="wine"), ckpt_path=str(tmp_path / "last.ckpt"))
    torch.testing.assert_close(second.state_dict(), whole.state_dict(), rtol=0, atol=0)
    assert second.epoch_state == whole.epoch_state
    loss = trainer.callback_metrics["loss/train"]
    assert loss == whole.trainer.callback_metrics["loss/train"]
    again = Classifier.load_from_checkpoint(tmp_path / "last.ckpt", **by_hand(data))
    assert again.class_names == data.facts["class_names"]
    with pytest.raises(UserError, match="does not describe its module"):
        Classifier.load_from_checkpoint(tmp_path / "last.ckpt")
