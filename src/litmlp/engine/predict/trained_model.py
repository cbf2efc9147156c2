"""A trained model, rebuilt from its run's folder alone."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.data.preprocessing import Preprocessing
from litmlp.data.samples import Column
from litmlp.engine.config.build import build_model
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import checkpoints, run_folder
from litmlp.engine.folder.untrusted_folder import blame_folder
from litmlp.errors import UserError
from litmlp.supervised import Supervised


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A run's model at its best checkpoint, with the names of its data.

    Attributes:
        config: of the run.
        model: in evaluation mode.
        columns: the raw features that the model takes.
        target_names: one per target; a single one for classes.
        class_names: in the order of the class indices; empty for real values.
        targets: the descriptions of the targets.
    """

    config: DictConfig
    model: Supervised
    columns: Sequence[Column]
    target_names: Sequence[str]
    class_names: Sequence[str]
    targets: Sequence[Column] = ()

    @property
    def bounds(self) -> Sequence[float]:
        """Probabilities of the bounds that follow the predictions."""
        return self.model.bounds

    @property
    def prefix(self) -> str:
        """Beginning of the names of predictions that are of no class."""
        return self.model.prefix

    @property
    def num_predictions(self) -> int:
        """The number of classes, or of targets."""
        return len(self.class_names or self.target_names)

    @property
    def dropped(self) -> Sequence[str]:
        """Columns of the training table that were left out of the features."""
        names = self.config.data.get("drop")
        if names is None:
            return []
        # Unresolved: an exported file must not hold the environment's secrets.
        texts: Any = OmegaConf.to_container(names, resolve=False)
        return list(map(str, texts))

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return Path(self.config.folder)

    @torch.inference_mode()
    def outputs(self, inputs: Tensor) -> Tensor:
        """Map raw rows [N, columns] to raw outputs [N, O].

        Batches are as in a test, so that its rows give its metrics to the last digit.
        """
        features = self.model.preprocessing(inputs)
        batches = torch.split(features, EVALUATION_BATCH_SIZE)
        return torch.cat([self.model(batch) for batch in batches])

    def predict(self, inputs: Tensor) -> Tensor:
        """Map raw rows [N, columns] to predictions [N, classes or targets].

        The bounds of each target follow, if there are any.
        """
        batches = torch.split(inputs, EVALUATION_BATCH_SIZE)
        return torch.cat([self.model.predict(batch) for batch in batches])


@dataclass(frozen=True, kw_only=True)
class StoredData:
    """The part of a checkpoint that a new model needs to know of its data."""

    facts: dict[str, Any]
    fitted_preprocessing: Preprocessing

    @property
    def numbers(self) -> Tensor:
        """A blank row [1, numeric columns] of scaled numbers."""
        return torch.zeros(1, len(self.fitted_preprocessing.numeric))


@contextmanager
def trained(folder: Path) -> Iterator[TrainedModel]:
    """Rebuild a run's trained model, and keep the settings that it was trained in.

    The data that it was trained on are not needed.

    Raises:
        UserError: the folder holds no run that has trained.
    """
    config = run_folder.read_config(folder)
    with ExitStack() as stack:
        with blame_folder(folder):
            stack.enter_context(run_settings(config))
        yield rebuild(config)


def rebuild(config: DictConfig) -> TrainedModel:
    """Return the model of a run's config, with the best weights in the run's folder."""
    folder = Path(config.folder)
    with blame_folder(folder):
        return from_checkpoint(config, checkpoints.best(folder))


def from_checkpoint(
    config: DictConfig, checkpoint: checkpoints.Checkpoint
) -> TrainedModel:
    """Return the model of a run's config, with the weights of its best checkpoint."""
    state, facts = checkpoint["state_dict"], checkpoint["facts"]
    columns = [Column(**column) for column in facts["columns"]]
    blank = Preprocessing.blank(
        columns,
        scale=construct_node(config.data.preprocessing, "preprocessing"),
        num_marked=len(state["preprocessing.marked"]),
    )
    model = build_model(config, StoredData(facts=facts, fitted_preprocessing=blank))
    model.load_state_dict(state)
    names = list(map(str, facts["target_names"]))
    # Runs of older versions have no description of their targets.
    targets = facts.get("target_columns") or [{"name": name} for name in names]
    result = TrainedModel(
        config=config,
        model=model.eval(),
        columns=columns,
        target_names=names,
        class_names=list(map(str, facts.get("class_names", []))),
        targets=[Column(**target) for target in targets],
    )
    check_width(result)
    return result


def check_width(model: TrainedModel) -> None:
    """Check that the prediction of a row has a value per class or target, and bound."""
    found = tuple(model.predict(torch.zeros(1, len(model.columns))).shape)
    wanted = (1, model.num_predictions * (1 + len(model.bounds)))
    if found != wanted:
        raise UserError(f"{model.folder}: returns {found} for a row, not {wanted}")
