"""A composed config made complete: options per layer, the task of a table."""

from functools import lru_cache
from pathlib import Path
from typing import cast

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict, read_write

from litmlp.engine.config.build import build_data
from litmlp.engine.config.composition_cache import ComposedOnce
from litmlp.engine.config.launch_command import as_typed
from litmlp.engine.terminal.mistakes import describe
from litmlp.errors import UserError

PER_LAYER = ("activation", "initializer", "batchnorm", "dropout")
"""Groups with one option per hidden layer: ``model.<group>=[a,b]``."""

NAMED_PARTS = ("callbacks", "logger", "task.metrics")
"""Sections of a config whose keys are names of parts, each of which may be null."""

PATHS = ("path", "validation_path", "test_path")
"""Keys of ``data`` that are files."""

BINARY_WEIGHT = {
    f"loss.weight={value}": f"loss.pos_weight={value}" for value in ("balanced", "null")
}
"""Overrides that a loss of two classes has under another key.

Before the task is inferred, the loss is that of several classes.
"""


def complete(config: DictConfig) -> DictConfig:
    """Complete the config: a run saves and follows the config that is returned."""
    if HydraConfig.initialized():
        _refuse_lists(config)
    if config.task.name == "auto":
        config = _with_inferred_task(config)
    for key in PATHS:
        path = config.data.get(key)
        written = isinstance(path, str) and path
        if written and not OmegaConf.is_interpolation(config.data, key):
            config.data[key] = str(Path(path).resolve())  # found again from anywhere
    for group in PER_LAYER:
        names = config.model.get(group)
        if isinstance(names, bool | int | float):
            meant = f"dropout dropout.p={names}" if group == "dropout" else "…"
            raise UserError(
                f"model.{group}={names}: an option is needed. Did you mean "
                f"{group}={meant}?"
            )
        if isinstance(names, str):
            config.model[group] = _option(group, names)
        elif isinstance(names, ListConfig) and all(isinstance(n, str) for n in names):
            options = {name: _option(group, name) for name in names}
            config.model[group] = [options[name] for name in names]
    remove_null_parts(config)
    return config


def remove_null_parts(config: DictConfig) -> None:
    """Remove the parts that null or false has switched off: ``logger.csv=null``.

    So no reader of the config has to know of them.
    """
    for name in NAMED_PARTS:
        section = OmegaConf.select(config, name)
        for key in [k for k in section or () if section[k] in (None, False)]:
            with open_dict(section):
                del section[key]


def _refuse_lists(config: DictConfig) -> None:
    """Refuse ``activation=[a,b]``, which would silently merge two options into one."""
    for override in HydraConfig.get().overrides.task:
        group, _, choice = override.partition("=")
        several = choice.startswith("[") and isinstance(config.get(group), DictConfig)
        if several and group not in ("callbacks", "logger"):
            per_layer = f"; one per layer: model.{group}={choice}"
            raise UserError(
                f"{override}: choose one{per_layer if group in PER_LAYER else ''}; "
                f"one run per option: -m {group}={choice.strip('[]')}"
            )


def _with_inferred_task(config: DictConfig) -> DictConfig:
    """Compose the same command again with the task that the target column needs."""
    if not HydraConfig.initialized():
        raise UserError(
            "task=auto works on the command line: choose task=binary, multiclass or "
            "regression"
        )
    job = cast(DictConfig, HydraConfig.get())
    task = build_data(config).infer_task()
    typed = as_typed(job.overrides.task)
    if task == "binary":
        typed = [BINARY_WEIGHT.get(override, override) for override in typed]
    composed, choices = _composed(*typed, f"task={task}")
    with read_write(job), open_dict(job):
        job.runtime.choices = choices
    return composed


def _option(group: str, name: str) -> DictConfig:
    try:
        composed, _ = _composed(f"{group}={name}")
    except (HydraException, UserError) as error:
        raise UserError(f"model.{group}: {describe(error)}") from error
    node: DictConfig = composed[group]
    return node


def _composed(*overrides: str) -> tuple[DictConfig, DictConfig]:
    """Compose a config of the same name, with the same folders of options.

    Returns:
        the config, and the option of each group.
    """
    job = HydraConfig.get()
    own = as_typed(job.overrides.hydra)
    # Other `hydra:` overrides may need an experiment that is not composed here.
    places = [override for override in own if "hydra.searchpath" in override]
    kind = {
        "job": {"config_name": job.job.config_name},
        "overrides": {"hydra": places},
        "runtime": job.runtime,
    }
    loader = _loader(str((job.runtime.config_sources, own)))
    master = OmegaConf.create({"hydra": kind})
    config = loader.load_sweep_config(master, list(overrides))
    choices = config.hydra.runtime.choices
    with open_dict(config):
        del config["hydra"]
    return config, choices


@lru_cache(maxsize=1)
def _loader(launch: str) -> ComposedOnce:
    """Return the loader for the runs of one launch in this process."""
    return ComposedOnce(GlobalHydra.instance().config_loader())
