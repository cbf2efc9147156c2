"""Searches with Optuna: a space of overrides, a study of trials, its objectives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omegaconf import DictConfig


@dataclass(kw_only=True, eq=False)
class SearchSettings:
    """The keys of ``conf/hydra/sweeper/optuna.yaml``, which explains them."""

    n_trials: int
    n_jobs: int
    objectives: Sequence[str]
    seed: int
    sampler: DictConfig
    pruner: DictConfig
    params: Mapping[str, object]
    when: Mapping[str, Mapping[str, object]]
