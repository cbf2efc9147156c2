"""The parts of a run, built from its config: data, model, trainer."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Timer
from omegaconf import DictConfig, OmegaConf
from torch import nn

from litmlp.construct import construct
from litmlp.data.data_module import Data
from litmlp.distributions import Distribution
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.config.module_as_data import (
    DataFacts,
    describe,
    encoding_section,
    plain_sections,
)
from litmlp.engine.config.run_settings import seed_of, whole_number
from litmlp.engine.process.lightning_internals import quicken_steps
from litmlp.engine.process.process_settings import seed_torch
from litmlp.ensemble import Ensemble, Member
from litmlp.errors import UserError
from litmlp.loadable_module import build_parts
from litmlp.losses import balanced_pos_weight, balanced_weights
from litmlp.supervised import Supervised

DEFAULT_MAX_EPOCHS = 100

NEEDS = {
    "regression": "real-valued targets",
    "multilabel": "several targets of 0 and 1",
}
"""Tasks whose targets are numbers, and the targets that they need."""


def build_data(config: DictConfig) -> Data:
    """Build the data of a config; nothing is read yet."""
    return cast(Data, construct_node(config.data, "data"))


def build_model(config: DictConfig, data: DataFacts) -> Supervised:
    """Build the classifier or regressor of a config, with the sizes of its data."""
    task = config.task.name
    needs = NEEDS.get(task, "classes")
    if (task in NEEDS) == ("class_names" in data.facts):
        fit = "multiclass or binary" if task in NEEDS else "regression"
        raise UserError(
            f"task={task} needs {needs}, which the data do not have: choose task={fit}"
        )
    config = pickle.loads(pickle.dumps(config))  # a third of the time of its copy()
    seed_torch(seed_of(config, "initialization"))
    fill_in(config.task, data.facts)
    balance_classes(config.loss, data.facts)
    widen_output(config)
    size = num_networks(config)
    members = [build_member(config, data) for _ in range(size)]
    # All parts are built from plain data, as when a checkpoint is opened.
    sections, keys = plain_sections(config)
    parts = build_parts(
        sections,
        typed_keys=keys,
        preprocessing=data.fitted_preprocessing,
        encoding=members[0].encoding if size == 1 else nn.Identity(),
        network=members[0].network
        if size == 1
        else Ensemble(members=members, alike=True),
    )
    model = construct(
        sections["task"], "task", typed_keys=keys, reserved=["name"], **parts
    )
    model.description = describe(config, data, size)
    return cast(Supervised, model)


def num_networks(config: DictConfig) -> int:
    """Return the number of networks of a config's ensemble, 1 without one."""
    ensemble = config.get("ensemble")  # configs of older runs have none
    if ensemble is None:
        return 1
    if ensemble.get("vary"):
        raise UserError("ensemble.vary is gone: networks differ in their weights alone")
    return whole_number(config, "ensemble.size", least=1)


def build_member(config: DictConfig, data: DataFacts) -> Member:
    """Build the encoding and the network of a config, with the sizes of its data."""
    section, keys = encoding_section(config, data)
    numbers = {"numbers": data.numbers}
    encoding = construct(section | numbers, "encoding", typed_keys=keys)
    fill_in(config.model, data.facts | {"num_features": encoding.num_features})
    return Member(encoding=encoding, network=construct_node(config.model, "model"))


def widen_output(config: DictConfig) -> None:
    """Give the network the outputs per target that the loss needs."""
    loss = construct_node(config.loss, "loss")
    if isinstance(loss, Distribution) and "num_outputs" in config.model:
        config.model.num_outputs *= loss.num_parameters


def fill_in(node: DictConfig, facts: Mapping[str, Any]) -> None:
    """Fill in what a node leaves open and the data know."""
    for name in facts:
        if OmegaConf.is_missing(node, name):
            node[name] = facts[name]


def balance_classes(loss: DictConfig, facts: Mapping[str, Any]) -> None:
    """Replace weights that are ``balanced`` by those of the training rows' classes."""
    counts = facts.get("class_counts", [])
    for name in ("weight", "pos_weight"):
        if loss.get(name) == "balanced" and 0 in counts:
            raise UserError(f"loss.{name}=balanced: there are classes without rows")
    if counts and loss.get("weight") == "balanced":
        loss.weight = balanced_weights(counts)
    if len(counts) == 2 and loss.get("pos_weight") == "balanced":
        loss.pos_weight = balanced_pos_weight(counts)


POSITIVE = {
    "limit_train_batches": "trainer.max_epochs=0 trains nothing",
    "limit_val_batches": "data.validation_share=0 leaves out the validation",
    "limit_test_batches": "data.test_share=0 leaves out the test",
    "accumulate_grad_batches": "it must be 1 or more",
    "check_val_every_n_epoch": "it must be 1 or more",
    "gradient_clip_val": "it must be positive; null does not clip",
}
"""Arguments of a Trainer that must be positive, and what to set instead."""


def check_trainer(arguments: Mapping[str, Any]) -> None:
    """Check the arguments of a Trainer that Lightning does not check."""
    for name, instead in POSITIVE.items():
        value = arguments.get(name)
        if isinstance(value, int | float) and value <= 0:
            raise UserError(f"trainer.{name}={value} is not allowed: {instead}")
    check_max_time(arguments.get("max_time"))
    if arguments.get("overfit_batches"):
        raise UserError(
            "trainer.overfit_batches is not allowed: trainer.limit_train_batches=… "
            "trains on the first batches of each epoch"
        )


def check_max_time(value: Any) -> None:
    """Check a time budget."""
    try:
        Timer(duration=str(value) if isinstance(value, int | float) else value)
    except Exception as error:  # any error of its parser
        raise UserError(
            f"trainer.max_time={value}: give days:hours:minutes:seconds, as in "
            "00:00:10:00 for ten minutes"
        ) from error


def build_trainer(config: DictConfig, more: Sequence[Callback] = ()) -> Trainer:
    """Build the Trainer of a config, with its loggers, its callbacks and more."""
    budget = config.trainer.copy()
    check_trainer(budget)
    if budget.max_epochs is None:
        limited = budget.max_steps != -1 or budget.max_time is not None
        budget.max_epochs = -1 if limited else DEFAULT_MAX_EPOCHS
    callbacks = construct_node(config.callbacks, "callbacks")
    loggers = construct_node(
        with_names(config.logger, Path(config.folder).name),
        "logger",
        reserved=["x_axis"],
    )
    trainer = construct_node(
        budget,
        "trainer",
        callbacks=[*callbacks.values(), *more],
        logger=[*loggers.values()],
        default_root_dir=config.folder,
        enable_progress_bar=False,  # litmlp.callbacks.progress shows a bar
        enable_model_summary=False,  # litmlp.engine.run shows a summary
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        use_distributed_sampler=False,  # litmlp.data.batches shares out the rows
    )
    check_launcher(trainer)
    quicken_steps(trainer)
    return cast(Trainer, trainer)


def with_names(loggers: DictConfig, name: str) -> DictConfig:
    """Return a config of loggers with the name of the run where it is left open."""
    loggers = loggers.copy()
    for logger in loggers.values():
        if isinstance(logger, DictConfig):
            fill_in(logger, {"name": name, "run_name": name})
    return loggers


def check_launcher(trainer: Trainer) -> None:
    """Check that the processes of several devices are forked or spawned."""
    if type(trainer.strategy.launcher).__name__ == "_SubprocessScriptLauncher":
        kind = type(trainer.strategy).__name__
        raise UserError(
            f"trainer: {kind} starts the whole command again for each device: choose "
            f"trainer=ddp trainer.devices={trainer.num_devices}"
        )
