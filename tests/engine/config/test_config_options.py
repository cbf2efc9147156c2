"""Every option of every group composes, is built, and is what the run then uses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import pytest
import torch
from conftest import CONF, Compose
from omegaconf import DictConfig, OmegaConf

from litmlp.construct import resolve
from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data, build_model, build_trainer
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.config.run_settings import run_settings
from litmlp.errors import UserError
from litmlp.mlp import MLP
from litmlp.supervised import Supervised

OPTIONS = sorted(
    path.relative_to(CONF).with_suffix("").as_posix()
    for path in CONF.rglob("*.yaml")
    if path.parent != CONF
)
WITH_A_TEST_OF_THEIR_OWN = (
    *("task/auto", "task/multilabel", "trainer/ddp"),
    *("initializer/given", "model/identity", "preprocessing/logit"),
    "experiment/example/",
    "experiment/lesson/",
    *("experiment/table", "experiment/sweep/table_ablation", "experiment/images"),
)
LOSSES_OF_VALUES = (
    *("half_squared_error", "huber", "mae", "mse", "smooth_l1"),
    *("gaussian_nll", "pinball", "poisson"),
)
FITTING_DATA = {
    **dict.fromkeys(["loss/binary_cross_entropy", "loss/soft_margin"], "gauss"),
    **dict.fromkeys(["loss/cross_entropy", "loss/focal", "loss/multi_margin"], "iris"),
    **dict.fromkeys([f"loss/{name}" for name in LOSSES_OF_VALUES], "diabetes"),
    "task/binary": "gauss",
    "task/regression": "diabetes",
}
EXTRAS = {
    "logger/wandb": ["wandb"],
    "logger/mlflow": ["mlflow"],
    "logger/many": ["wandb", "mlflow"],
}
"""Large packages; tests/engine/run/test_tracking.py uses them too."""


@dataclass
class Trained:
    data: Data
    model: Supervised
    trainer: lightning.Trainer


def train_an_epoch(config: Any) -> Trained:
    with run_settings(config):
        data = build_data(config)
        model = build_model(config, data)
        trainer = build_trainer(config)
        trainer.fit(model, datamodule=data)
    return Trained(data, model, trainer)


PART_IN_USE = {
    "activation": lambda run: run.model.network.hidden[0].activation,
    "batchnorm": lambda run: run.model.network.hidden[0].batchnorm,
    "dropout": lambda run: run.model.network.hidden[1].dropout,
    "loss": lambda run: run.model.loss,
    "penalty": lambda run: run.model.penalty,
    "optimizer": lambda run: run.trainer.optimizers[0],
    "task": lambda run: run.model,
    "model": lambda run: run.model.network,
    "preprocessing": lambda run: run.data.fitted_preprocessing.scale,
    "embedding": lambda run: run.model.encoding.embedding,
    "input_scale": lambda run: run.model.network.input_scale,
    "encoding": lambda run: run.model.encoding,
    "data": lambda run: run.data,
}


def options(*groups: str) -> list[str]:
    return [
        name
        for name in OPTIONS
        if name.startswith(tuple(f"{group}/" for group in groups))
        and not name.startswith(WITH_A_TEST_OF_THEIR_OWN)
        and is_known(name)
    ]


def is_known(option: str) -> bool:
    """Say whether an option trains without a value or data that only its author has.

    Somebody's own loss may be made for any task, and own data may need a path.
    """
    group = option.split("/")[0]
    needs_a_value = group == "data" and "???" in (CONF / f"{option}.yaml").read_text()
    return not needs_a_value and (group != "loss" or option in FITTING_DATA)


def overrides(option: str) -> list[str]:
    group, name = option.split("/", 1)
    data = FITTING_DATA.get(option, FITTING_DATA.get(group, "iris"))
    base = [] if group == "data" else [f"data={data}"]
    quick = ["trainer=cpu", "trainer.max_epochs=1", "logger=none", "callbacks=minimal"]
    return [*base, *quick, f"{group}={name}"]


def test_no_group_is_forgotten() -> None:
    elsewhere = {"averaging", "ensemble", "hydra", "metrics"}
    here = {"initializer", "scheduler", "trainer", "callbacks", "logger", "experiment"}
    groups = {option.split("/")[0] for option in OPTIONS}
    assert groups == {*PART_IN_USE, *elsewhere, *here}


@pytest.mark.parametrize("option", options(*PART_IN_USE))
def test_option_is_trained_with(option: str, config: Compose) -> None:
    group = option.split("/")[0]
    composed = config(*overrides(option))
    run = train_an_epoch(composed)
    part = PART_IN_USE[group](run)
    assert type(part) is resolve(composed[group]._target_, group)
    for name in ("p", "name", "position", "negative_slope", "label_smoothing"):
        if name in composed[group] and group != "task":
            assert getattr(part, name) == composed[group][name]
    defaults = getattr(part, "defaults", {})
    for name in defaults.keys() & composed[group].keys():
        value = OmegaConf.to_container(composed[group])[name]
        given = tuple(value) if isinstance(value, list) else value
        assert defaults[name] == given
    assert torch.isfinite(run.trainer.callback_metrics["loss/train"])


@pytest.mark.parametrize("option", options("initializer"))
def test_an_initializer_fills_the_weights(option: str, config: Compose) -> None:
    composed = config("data=iris", f"initializer={option.split('/')[1]}")
    network = build_model(composed, build_data(composed)).network
    torch.manual_seed(0)
    by_hand = MLP(
        num_features=4,
        num_outputs=3,
        hidden_sizes=[64, 64],
        initializer=construct_node(composed.initializer, "initializer"),
        output_initializer=construct_node(composed.output_initializer, "output"),
        bias_initializer=construct_node(composed.bias_initializer, "bias"),
    )
    for built, expected in zip(network.parameters(), by_hand.parameters(), strict=True):
        assert torch.equal(built, expected)


@pytest.mark.parametrize("option", options("scheduler"))
def test_scheduler_steps_when_told(option: str, config: Compose) -> None:
    interval = "epoch" if option == "scheduler/reduce_on_plateau" else "step"
    composed = config(*overrides(option), f"++scheduler.interval={interval}")
    run = train_an_epoch(composed)
    (in_use,) = run.trainer.lr_scheduler_configs
    target = resolve(composed.scheduler._target_, "scheduler")
    assert not isinstance(target, type) or type(in_use.scheduler) is target
    assert in_use.interval == interval
    assert in_use.scheduler.last_epoch == (3 if interval == "step" else 1)


@pytest.mark.parametrize("option", options("trainer"))
def test_trainer_option_sets_the_device(option: str, config: Compose) -> None:
    composed = config("callbacks=minimal", f"trainer={option.split('/')[1]}")
    device = composed.trainer.accelerator
    is_there = {"gpu": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if not is_there.get(device, lambda: True)():
        with pytest.raises(UserError, match=f"(?i)no supported|{device}.*not"):
            build_trainer(composed)
        return
    with run_settings(composed):  # trainer=deterministic is a setting of the process
        trainer = build_trainer(composed)
    classes = {"cpu": "CPUAccelerator", "gpu": "CUDAAccelerator"}
    assert device not in classes or (
        type(trainer.accelerator).__name__ == classes[device]
    )
    limit = composed.trainer.get("limit_train_batches", 1.0)
    assert trainer.limit_train_batches == limit


@pytest.mark.parametrize("option", options("callbacks", "logger"))
def test_callbacks_and_loggers_are_those_of_the_file(
    option: str, config: Compose
) -> None:
    group, name = option.split("/")
    for package in EXTRAS.get(option, ()):
        pytest.importorskip(package)
    composed = config(f"{group}={name}")
    trainer = build_trainer(composed)
    present = trainer.callbacks if group == "callbacks" else trainer.loggers
    nodes = [n for n in composed[group].values() if isinstance(n, DictConfig)]
    wanted = {resolve(node._target_, group) for node in nodes}
    assert wanted <= {type(part) for part in present}
    if group == "logger":
        assert len(present) == len(wanted)


@pytest.mark.parametrize("option", options("experiment"))
def test_experiment_composes_and_builds(option: str, config: Compose) -> None:
    composed = config(f"experiment={option.removeprefix('experiment/')}")
    assert build_model(composed, build_data(composed)).network


def test_every_experiment_says_its_command_in_its_header() -> None:
    for option in filter(lambda name: name.startswith("experiment/"), OPTIONS):
        header = Path(CONF, f"{option}.yaml").read_text().split("\n\n")[0]
        group, _, name = option.rpartition("/")  # a part is added to an experiment
        whole = option.removeprefix("experiment/")
        assert f"experiment={whole}" in header or f"+{group}={name}" in header


def test_an_option_of_ones_own_needs_no_code(config: Compose, tmp_path: Path) -> None:
    own = tmp_path / "conf" / "activation"
    own.mkdir(parents=True)
    (own / "threshold.yaml").write_text(
        "_target_: torch.nn.Threshold\n_partial_: true\nthreshold: 0.1\nvalue: 0.0\n"
    )
    search_path = f"hydra.searchpath=[file://{tmp_path}/conf]"
    run = train_an_epoch(
        config(search_path, *overrides("activation/relu"), "activation=threshold")
    )
    assert isinstance(run.model.network.hidden[0].activation, torch.nn.Threshold)
    assert run.model.network.hidden[0].activation.threshold == 0.1
