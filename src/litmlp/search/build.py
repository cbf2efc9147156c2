"""A search, built from the settings of its sweeper."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.storages import RDBStorage

from litmlp.construct import checked_value, construct
from litmlp.errors import UserError
from litmlp.search.objectives import modes
from litmlp.search.search import Search
from litmlp.search.space import Space, read_space
from litmlp.search.study import begin, prunes

if TYPE_CHECKING:
    from hydra_plugins.litmlp_optuna import OptunaSweeper


def build_search(
    sweeper: "OptunaSweeper", typed: Sequence[str], storage: RDBStorage
) -> Search:
    """The search of a sweep, begun or continued.

    Args:
        typed: the overrides on the command line.
        storage: in the sweep's folder.

    Raises:
        UserError: a mistake in the settings or the overrides.
    """
    for name in ("n_trials", "n_jobs", "seed"):
        checked_value(getattr(sweeper, name), int, f"hydra.sweeper.{name}")
    parser = OverridesParser.create(config_loader=sweeper.hydra_context.config_loader)
    space = read_space(typed, sweeper.params, sweeper.when, parser)
    found = modes(sweeper.objectives, sweeper.config)
    pruner = construct(sweeper.pruner, "hydra.sweeper.pruner")
    study = begin(storage, sweeper.objectives, found, pruner)
    if prunes(study):
        refuse_pruning(sweeper.objectives, sweeper.config.monitor, space)
    return Search(
        study=study,
        space=space,
        objectives=sweeper.objectives,
        modes=found,
        sampler=construct(sweeper.sampler, "hydra.sweeper.sampler"),
        seed=sweeper.seed,
        n_trials=sweeper.n_trials,
        n_jobs=sweeper.n_jobs,
        launch=sweeper.launch,
    )


def refuse_pruning(objectives: Sequence[str], monitor: str, space: Space) -> None:
    """
    Raises:
        UserError: a trial is not one run that is judged by the monitored metric.
    """
    if list(objectives) != [monitor]:
        raise UserError(
            f"hydra/sweeper/pruner: trials are ended by {monitor}, so this must be the "
            "only objective: hydra/sweeper/pruner=none"
        )
    if len(space.repeats) > 1:
        raise UserError(
            "hydra/sweeper/pruner: a trial of several seeds or folds cannot be ended "
            "by one of them: hydra/sweeper/pruner=none"
        )
