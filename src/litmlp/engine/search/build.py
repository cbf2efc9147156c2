"""A search, built from the settings of its sweeper."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra.core.override_parser.overrides_parser import OverridesParser

from litmlp.argument_checks import check_value
from litmlp.engine.config.nodes import construct_node
from litmlp.engine.search.objectives import modes
from litmlp.engine.search.search import Search
from litmlp.engine.search.space import read_space
from litmlp.errors import UserError

if TYPE_CHECKING:
    from hydra_plugins.litmlp_optuna import OptunaSweeper


def build_search(sweeper: "OptunaSweeper", typed: Sequence[str]) -> Search:
    """The search that a sweeper's settings and the command line describe.

    Raises:
        UserError: a mistake in them.
    """
    for name in ("n_trials", "n_jobs", "seed"):
        check_value(getattr(sweeper, name), int, f"hydra.sweeper.{name}")
    parser = OverridesParser.create(config_loader=sweeper.hydra_context.config_loader)
    search = Search(
        space=read_space(typed, sweeper.params, sweeper.when, parser),
        objectives=sweeper.objectives,
        modes=modes(sweeper.objectives, sweeper.config),
        sampler=construct_node(sweeper.sampler, "hydra.sweeper.sampler"),
        seed=sweeper.seed,
        pruner=construct_node(sweeper.pruner, "hydra.sweeper.pruner"),
        n_trials=sweeper.n_trials,
        n_jobs=sweeper.n_jobs,
        launch=sweeper.launch,
    )
    if search.prunes:
        refuse_pruning(search, sweeper.config.monitor)
    return search


def refuse_pruning(search: Search, monitor: str) -> None:
    """
    Raises:
        UserError: a trial is not one run that is judged by the monitored metric.
    """
    if list(search.objectives) != [monitor]:
        raise UserError(
            f"hydra/sweeper/pruner: trials are ended by {monitor}, so this must be the "
            "only objective: hydra/sweeper/pruner=none"
        )
    if len(search.space.repeats) > 1:
        raise UserError(
            "hydra/sweeper/pruner: a trial of several seeds or folds cannot be ended "
            "by one of them: hydra/sweeper/pruner=none"
        )
