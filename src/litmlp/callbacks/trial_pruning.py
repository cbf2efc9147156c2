"""A trial of a search that ends early when other trials promise more."""

import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import optuna
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from optuna.pruners import BasePruner

from litmlp.engine.folder.study_file import NAME, RETRY_OF, open_study


class Pruning(Checkpoint):
    """Records the monitored metric in the study each epoch; stops a hopeless trial.

    A subclass of Checkpoint, because Lightning calls checkpoint callbacks last, when an
    epoch's metrics are complete. The folder is that of the sweep, with the study.
    """

    def __init__(
        self, *, folder: Path, trial: int, monitor: str, pruner: BasePruner
    ) -> None:
        self.folder = folder
        self.trial = trial
        self.monitor = monitor
        self.pruner = pruner
        self.pruned_epoch: int | None = None
        self._open = ExitStack()

    def on_fit_start(self, trainer: Trainer, model: LightningModule) -> None:
        if self.pruned_epoch:  # in an earlier process of this run
            trainer.should_stop = True

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        if trainer.is_global_zero:  # in the process that trains: it may be a fork
            self._storage = self._open.enter_context(open_study(self.folder))
            self._study = optuna.load_study(study_name=NAME, storage=self._storage)
            self._id = self._storage.get_trial_id_from_study_id_trial_number(
                self._storage.get_study_id_from_name(NAME), self.trial
            )
            self._recall(trainer.current_epoch)

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        value = float(trainer.callback_metrics.get(self.monitor, math.nan))
        hopeless = False
        if trainer.is_global_zero:
            self._storage.set_trial_intermediate_value(self._id, epoch, value)
            trial = self._storage.get_trial(self._id)
            hopeless = self.pruner.prune(self._study, trial)
        if trainer.strategy.reduce_boolean_decision(hopeless, all=False):
            self.pruned_epoch = epoch
            trainer.should_stop = True

    def on_fit_end(self, trainer: Trainer, model: LightningModule) -> None:
        self._open.close()

    def on_exception(
        self, trainer: Trainer, model: LightningModule, exception: BaseException
    ) -> None:
        self._open.close()

    def state_dict(self) -> dict[str, Any]:
        return {"pruned_epoch": self.pruned_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.pruned_epoch = state["pruned_epoch"]

    def _recall(self, epochs: int) -> None:
        """Copy the recorded values of the killed trial that this trial repeats."""
        trial = self._storage.get_trial(self._id)
        if (killed := trial.user_attrs.get(RETRY_OF)) is None:
            return
        noted = self._study.trials[killed].intermediate_values
        for epoch, value in noted.items():
            if epoch <= epochs:
                self._storage.set_trial_intermediate_value(self._id, epoch, value)
