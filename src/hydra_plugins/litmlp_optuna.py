"""The sweeper of ``hydra/sweeper=optuna``.

The official hydra-optuna-sweeper 1.3 needs Optuna 2, does not prune, takes the infinity
of a failed run for a result, and adds ``n_trials`` to a study that is run again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from litmlp.engine.folder.lock import lock_folder
from litmlp.engine.folder.sweep_folder import STUDY, folder_of, write_command
from litmlp.engine.search import SearchSettings
from litmlp.engine.sweep.job_launcher import JobSweeper
from litmlp.engine.sweep.launch_state import this_launch
from litmlp.errors import UserError


@dataclass(kw_only=True, eq=False)
class OptunaSweeper(SearchSettings, JobSweeper):
    """Trains the trials of a study."""

    def setup(self, **given: Any) -> None:
        if find_spec("optuna") is None:
            raise UserError(
                "hydra/sweeper=optuna needs Optuna: pip install litmlp[optuna]"
            )
        super().setup(**given)

    def sweep(self, arguments: list[str]) -> None:
        # Imported here, because Hydra imports all sweepers, and this takes seconds.
        from litmlp.engine.search.search import build_search

        search = build_search(
            self,
            arguments,
            config=self.config,
            parser=OverridesParser.create(config_loader=self.loader),
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
