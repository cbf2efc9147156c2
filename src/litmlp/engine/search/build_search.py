"""A search built from the settings of its sweeper."""

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from litmlp.argument_checks import check_value
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.search.objectives import modes
from litmlp.engine.search.search import Launch, Search
from litmlp.engine.search.search_settings import SearchSettings
from litmlp.engine.search.space import read_space
from litmlp.errors import UserError


def build_search(
    settings: SearchSettings,
    typed: Sequence[str],
    *,
    config: DictConfig,
    parser: OverridesParser,
    launch: Launch,
) -> Search:
    """Build the search that the settings and the command line describe.

    Raises:
        UserError: a setting or an override is wrong.
    """
    for name in ("n_trials", "n_jobs", "seed"):
        check_value(getattr(settings, name), int, f"hydra.sweeper.{name}")
    search = Search(
        space=read_space(typed, settings.params, settings.when, parser),
        objectives=settings.objectives,
        modes=modes(settings.objectives, config),
        sampler=construct_node(settings.sampler, "hydra.sweeper.sampler"),
        seed=settings.seed,
        pruner=construct_node(settings.pruner, "hydra.sweeper.pruner"),
        n_trials=settings.n_trials,
        n_jobs=settings.n_jobs,
        launch=launch,
    )
    if search.prunes:
        check_pruning(search, config.monitor)
    return search


def check_pruning(search: Search, monitor: str) -> None:
    """Check that a trial is one run, and that the monitored metric is its objective.

    Raises:
        UserError: it is not.
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
