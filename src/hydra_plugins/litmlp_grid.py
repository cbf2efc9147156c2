"""The sweeper of ``hydra/sweeper=grid``, the default of ``litmlp train``.

Hydra's own sweeper composes every config twice, and it launches runs that are done,
whose files it then overwrites.
"""

from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from litmlp.engine.config.hydra_internals import every_combination
from litmlp.engine.folder.lock import lock_folder
from litmlp.engine.folder.sweep_folder import write_command
from litmlp.engine.sweep.job_launcher import JobSweeper
from litmlp.engine.sweep.launch_checks import (
    as_overrides,
    check_latest,
    check_own_folders,
)
from litmlp.engine.sweep.launch_state import this_launch


class GridSweeper(JobSweeper):
    """Trains every combination of values on the command line that is not done."""

    def __init__(self, *, params: DictConfig) -> None:
        self.params = params

    def sweep(self, arguments: list[str]) -> None:
        parser = OverridesParser.create(config_loader=self.loader)
        texts = [*as_overrides(self.params), *arguments]
        jobs = every_combination(parser.parse_overrides(texts))
        # All are composed before the first is trained, which finds mistakes early.
        runs = check_own_folders(self.numbered(jobs), jobs)
        sweep = Path(self.config.hydra.sweep.dir)
        check_latest(self.config, runs)
        sweep.mkdir(parents=True, exist_ok=True)
        with lock_folder(sweep):
            write_command(sweep, self.config)
            if left := this_launch().still_to_train(runs):
                self.launcher.launch(left, initial_job_idx=0)
