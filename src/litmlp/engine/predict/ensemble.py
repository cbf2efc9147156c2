"""A sweep's runs as one predictor: the mean of what they predict."""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp.data.samples import Column
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import holds_runs, statuses_of
from litmlp.engine.folder.untrusted import blame_folder, refuse_ways_out
from litmlp.engine.predict.trained_model import Trained, rebuilt, trained
from litmlp.engine.terminal.console import show
from litmlp.errors import UserError
from litmlp.losses import same_loss
from litmlp.regressor import Regressor
from litmlp.supervised import Supervised

MOST_NAMED = 5
"""Of the runs that are left out of a mean."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """Trained runs that predict together, instead of one ``trained.Trained``.

    Classes get the mean of the probabilities, targets the mean of the values. Runs that
    err in different ways are better together, and know better how sure they can be
    (deep ensembles, https://arxiv.org/abs/1612.01474).

    Attributes:
        folder: of their sweep.
        members: of one task, with the same columns, targets and classes.
    """

    folder: Path
    members: Sequence[Trained]

    @property
    def columns(self) -> Sequence[Column]:
        """The raw features that they take."""
        return self.members[0].columns

    @property
    def target_names(self) -> Sequence[str]:
        """One a target; a single one for classes."""
        return self.members[0].target_names

    @property
    def class_names(self) -> Sequence[str]:
        """In the order of the class indices; empty for real values."""
        return self.members[0].class_names

    @property
    def dropped(self) -> Sequence[str]:
        """Columns of their table that were left out of the features."""
        return self.members[0].dropped

    @cached_property
    def model(self) -> Supervised:
        """What measures their outputs, and makes predictions of them."""
        return judge([member.model for member in self.members])

    def outputs(self, inputs: Tensor) -> Tensor:
        """Raw rows [N, columns] → outputs [N, O] that give the mean prediction."""
        return mean_outputs(self.members, inputs)

    def predict(self, inputs: Tensor) -> Tensor:
        """Raw rows [N, columns] → probabilities [N, classes] or values [N, targets]."""
        return self.model.to_predictions(self.outputs(inputs))


def one_or_all(
    folder: Path,
) -> AbstractContextManager[Trained] | AbstractContextManager["Ensemble"]:
    """The trained model of a run, or those of a sweep's runs together.

    Raises:
        UserError: the folder holds neither.
    """
    return ensemble(folder) if holds_runs(folder) else trained(folder)


@contextmanager
def ensemble(sweep: Path) -> Iterator[Ensemble]:
    """The runs of a sweep that have a result, within the settings of the first.

    Raises:
        UserError: there are fewer than two, or they cannot be averaged.
    """
    refuse_ways_out(sweep)
    found = statuses_of(sweep)
    folders = [folder for folder in found if found[folder] == "done"]
    if len(folders) < 2:
        raise UserError(
            f"run={sweep}: a mean needs two runs that are done and have not diverged; "
            f"this sweep has {len(folders)}"
        )
    if len(folders) < len(found):
        show(left_out(found))
    with run_settings(run_folder.read_config(folders[0])):
        members = [rebuilt_from(folder) for folder in folders]
        refuse_unlike(members)
        yield Ensemble(folder=sweep, members=members)


def left_out(statuses: Mapping[Path, str]) -> str:
    """``left out: failed lr-9-0a1b2c3d, diverged seed-3-4e5f6a7b``, and how many more.

    >>> left_out({Path("a"): "done", Path("b"): "failed"})
    'left out: failed b'
    """
    named = [f"{status} {f.name}" for f, status in statuses.items() if status != "done"]
    more = len(named) - MOST_NAMED
    ending = f" and {more} more" if more > 0 else ""
    return f"left out: {', '.join(named[:MOST_NAMED])}{ending}"


def rebuilt_from(folder: Path) -> Trained:
    """The trained model of a run."""
    config = run_folder.read_config(folder)
    with blame_folder(folder):
        return rebuilt(config, folder)


def refuse_unlike(members: Sequence[Trained]) -> None:
    """
    Raises:
        UserError: what they predict does not mean the same.
    """
    for member in members:
        for name, value in nature(member).items():
            if value != nature(members[0])[name]:
                one, other = (m.folder.name for m in (members[0], member))
                raise UserError(
                    f"run={member.folder.parent}: its runs cannot be averaged, they "
                    f"differ in their {name}: {one} and {other}"
                )


def nature(member: Trained) -> dict[str, Any]:
    """What runs must share for their predictions to mean the same."""
    return {
        "task": member.config.task.name,
        "classes": member.class_names,
        "targets": member.target_names,
        "columns": member.columns,
        "output activation": repr(member.model.output_activation),
        "precision": str(member.config.trainer.precision),
    }


def judge(members: Sequence[Supervised]) -> Supervised:
    """A model that measures mean outputs: their loss, too, if all have the same."""
    found = copy.copy(members[0])
    if isinstance(found, Regressor):  # the mean is one of values, after activation
        found._modules = found._modules | {"output_activation": nn.Identity()}
    if len({same_loss(model) for model in members}) > 1:
        found.metric_names = [name for name in found.metric_names if name != "loss"]
    return found


@torch.inference_mode()
def mean_outputs(members: Sequence[Trained], inputs: Tensor) -> Tensor:
    """Raw rows [N, columns] → outputs [N, O] whose prediction is the mean of theirs.

    Of probabilities they are the logits, found without leaving the logarithms.
    """
    first = members[0].model
    if isinstance(first, Regressor):
        values = sum(m.model.to_predictions(m.outputs(inputs)) for m in members)
        return (values / len(members) - first.target_mean) / first.target_std
    logs = (log_probabilities(m.model, m.outputs(inputs)) for m in members)
    total = reduce(torch.logaddexp, logs) - math.log(len(members))
    return total[0] - total[1] if total.ndim == 3 else total


def log_probabilities(model: Supervised, outputs: Tensor) -> Tensor:
    """Of each class [N, O]; of sigmoids also that it is not the class [2, N, O].

    Raises:
        UserError: the model has no probabilities.
    """
    if isinstance(model.output_activation, nn.Softmax):
        return F.log_softmax(outputs, dim=1)
    if isinstance(model.output_activation, nn.Sigmoid):
        return torch.stack([F.logsigmoid(outputs), F.logsigmoid(-outputs)])
    raise UserError(
        f"{type(model.output_activation).__name__} gives no probabilities, whose mean "
        "an ensemble predicts: its runs cannot be averaged"
    )
