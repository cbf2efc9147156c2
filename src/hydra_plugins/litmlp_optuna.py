"""The sweeper of ``hydra/sweeper=optuna``.

The official hydra-optuna-sweeper 1.3 needs Optuna 2, does not prune, takes the infinity
of a failed run for a result, and adds ``n_trials`` to a study that is run again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from litmlp.engine.folder.lock import lock_folder
from litmlp.engine.folder.sweep_folder import STUDY, folder_of, write_command
from litmlp.engine.sweep.job_launcher import JobSweeper
from litmlp.engine.sweep.launch_state import this_launch
from litmlp.errors import UserError


@dataclass(kw_only=True, eq=False)
class OptunaSweeper(JobSweeper):
    """Trains the trials of a study; ``conf/hydra/sweeper/optuna.yaml`` has its keys."""

    n_trials: int
    n_jobs: int
    objectives: Sequence[str]
    seed: int
    sampler: DictConfig
    pruner: DictConfig
    params: Mapping[str, object]
    when: Mapping[str, Mapping[str, object]]

    def setup(self, **given: Any) -> None:
        if find_spec("optuna") is None:
            raise UserError(
                "hydra/sweeper=optuna needs Optuna: pip install litmlp[optuna]"
            )
        super().setup(**given)

    def sweep(self, arguments: list[str]) -> None:
        # Imported here, because Hydra imports all sweepers, and this takes seconds.
        from litmlp.engine.config.instantiate_node import construct_node
        from litmlp.engine.search.objectives import modes
        from litmlp.engine.search.search import Search
        from litmlp.engine.search.space import read_space

        parser = OverridesParser.create(config_loader=self.loader)
        search = Search(
            space=read_space(arguments, self.params, self.when, parser),
            objectives=modes(self.objectives, self.config),
            monitor=self.config.monitor,
            sampler=construct_node(self.sampler, "hydra.sweeper.sampler"),
            seed=self.seed,
            pruner=construct_node(self.pruner, "hydra.sweeper.pruner"),
            n_trials=self.n_trials,
            n_jobs=self.n_jobs,
            launch=self.launch,
        )
        self.validate_batch_is_legal(list(search.space.examples()))
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        with lock_folder(folder):
            (folder / STUDY).touch()  # first: it marks the folder as a search's
            write_command(folder, self.config)
            search.run(folder)

    def launch(self, jobs: Sequence[Sequence[str]], first: int) -> list[Path]:
        """Train the runs that are not done; return the folders of all runs."""
        folders = [folder_of(config) for config in self.numbered(jobs, first)]
        planned = dict(zip(folders, jobs, strict=True))
        if left := this_launch().still_to_train(planned):
            self.launcher.launch(left, initial_job_idx=first)
        return folders
