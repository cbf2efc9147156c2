"""The data of a run: rows, split, preprocessing and loaders."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor, nn
from torch.utils.data import DataLoader

from litmlp.data.batches import (
    BUFFER,
    EVALUATION_BATCH_SIZE,
    Batches,
    auto_batch_size,
    loader,
)
from litmlp.data.disk_tensors import is_on_disk
from litmlp.data.preprocessing import Preprocessing, preprocess
from litmlp.data.samples import Samples, Task, class_counts
from litmlp.data.scaling import Standardize
from litmlp.data.splits import fold_indices, split_rows
from litmlp.errors import UserError

Loader = DataLoader[tuple[Tensor, ...]]


@dataclass(frozen=True, kw_only=True)
class Plane:
    """The rows of a data set as points of a plane that can be drawn.

    Attributes:
        points: all rows [rows, 2].
        names: the names of the two coordinates.
        to_inputs: turns points [N, 2] into raw features [N, columns].
    """

    points: Tensor
    names: Sequence[str]
    to_inputs: Callable[[Tensor], Tensor]

    @property
    def known_points(self) -> Tensor:
        """Points [N, 2] of rows without a missing number; the origin if none is."""
        known = self.points[self.points.isfinite().all(dim=1)]
        return known if len(known) else self.points.new_zeros(1, 2)


@dataclass(kw_only=True, eq=False)
class Data(LightningDataModule):
    """Base of every data source: a subclass adds its own options and ``load``.

    Args:
        batch_size: training rows per step, ``full`` for all of them, or ``auto`` for
            :func:`~litmlp.data.batches.auto_batch_size`.
        test_share, validation_share: fractions of the rows whose split is not given;
            0 for none.
        split_seed: seed of the split, independent of the run's seed.
        num_folds, fold: cross-validation: the rows are cut into folds, and one fold is
            the test split.
        validation_folds: number of folds of the training rows, for an ensemble whose
            members leave out one each. The validation split is then the training
            split, and ``validation_share`` is not used.
        order_seed: seed of the order of the training rows; None keeps their order.
        new_order: whether the order changes each epoch.
        standardize_target: whether a regressor is trained on (target − mean) / std.
        preprocessing: makes the scale of the numeric columns from training rows.

    Raises:
        UserError: a value out of its range.
    """

    batch_size: int | Literal["full", "auto"] = 32
    test_share: float = 0.2
    validation_share: float = 0.16
    split_seed: int = 0
    num_folds: int | None = None
    fold: int = 0
    validation_folds: int | None = None
    order_seed: int | None = 0
    new_order: bool = True
    standardize_target: bool = True
    preprocessing: Callable[[Tensor], nn.Module] = Standardize

    def __post_init__(self) -> None:
        super().__init__()
        if isinstance(self.batch_size, int) and self.batch_size < 1:
            raise UserError(
                f"batch_size={self.batch_size}: must be 1 or more, full or auto"
            )
        for name in ("test_share", "validation_share"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(f"{name}={getattr(self, name)}: must lie in [0, 1)")
        self.smallest_batch = 1
        self._start = (0, 0)

    def __str__(self) -> str:
        return repr(self)  # Lightning's own builds every loader

    def load(self) -> Samples:
        """Load all rows in their own order."""
        raise NotImplementedError

    def infer_task(self) -> Task:
        """Infer the task from the targets, for ``task=auto``."""
        classes = len(self.samples.class_names)
        if not classes:
            return "regression"
        return "binary" if classes == 2 else "multiclass"

    @cached_property
    def samples(self) -> Samples:
        """All rows, loaded once, in torch's default floating-point type."""
        loaded = self.load()
        floating = torch.get_default_dtype()
        targets = loaded.targets
        return replace(
            loaded,
            inputs=loaded.inputs.to(floating),
            targets=targets.to(floating) if targets.is_floating_point() else targets,
        )

    @cached_property
    def rows(self) -> dict[str, Tensor]:
        """Row indices [N] of each split."""
        rows = split_rows(
            self.samples,
            test_share=self.test_share,
            validation_share=0.0 if self.validation_folds else self.validation_share,
            seed=self.split_seed,
            num_folds=self.num_folds,
            fold=self.fold,
        )
        if not self.validation_folds:
            return rows
        if "val" in rows:
            raise UserError(
                "ensemble=folds validates on the training rows: choose ensemble=seeds "
                "for data that say which rows are the validation split"
            )
        return {"train": rows["train"], "val": rows["train"], **rows}

    @cached_property
    def training_folds(self) -> Tensor | None:
        """Index of the fold of each training row [N], if there are folds."""
        count, seed = self.validation_folds, self.split_seed
        if not count:
            return None
        rows = self.rows["train"].numpy()
        folds = fold_indices(self.samples, rows, count, seed, key="ensemble.size")
        return torch.from_numpy(folds)

    @cached_property
    def fitted_preprocessing(self) -> Preprocessing:
        """Raw features → numbers and codes, fitted on the training rows."""
        return Preprocessing(
            self.samples.inputs,
            columns=self.samples.columns,
            scale=self.preprocessing,
            rows=self.rows["train"],
        )

    @cached_property
    def split_targets(self) -> dict[str, Tensor]:
        """Targets [N] or [N, targets] of each split."""
        targets = self.samples.targets
        return {split: targets[rows] for split, rows in self.rows.items()}

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Facts that only the data know, in plain types for a checkpoint.

        The names are the keys that configs leave open as ``???``.
        """
        samples = self.samples
        facts: dict[str, Any] = {
            "columns": [asdict(column) for column in samples.columns],
            "target_names": list(samples.target_names),
        }
        if samples.target_columns:
            facts["target_columns"] = [asdict(c) for c in samples.target_columns]
        if samples.class_names:
            names = list(samples.class_names)
            return facts | {
                "class_names": names,
                "num_outputs": len(names),
                "class_counts": class_counts(self.split_targets["train"], len(names)),
            }
        count = samples.targets.shape[1]
        mean, std = [0.0] * count, [1.0] * count
        if self.standardize_target:
            scale = Standardize(self.split_targets["train"])
            mean, std = scale.mean.tolist(), scale.std.tolist()
        return facts | {"num_outputs": count, "target_mean": mean, "target_std": std}

    @property
    def plane(self) -> Plane | None:
        """The rows as points that can be drawn; None unless there are two numbers."""
        columns = self.samples.columns
        if len(columns) != 2 or any(c.kind == "categorical" for c in columns):
            return None
        return Plane(
            points=self.samples.inputs,
            names=[column.name for column in columns],
            to_inputs=lambda points: points,
        )

    @cached_property
    def split_features(self) -> dict[str, Tensor]:
        """Preprocessed features [N, F] of each split."""
        preprocessing, inputs = self.fitted_preprocessing, self.samples.inputs
        features = {
            split: preprocess(inputs, rows, preprocessing)
            for split, rows in self.rows.items()
            if split != "val" or not self.validation_folds
        }
        if self.validation_folds:  # the same rows, held once
            features["val"] = features["train"]
        return features

    @property
    def numbers(self) -> Tensor:
        """Scaled numbers [N, numeric columns] of the training rows."""
        return self.split_features["train"][:, : len(self.fitted_preprocessing.numeric)]

    @property
    def train_batches(self) -> Batches:
        """The training rows in batches."""
        count = len(self.rows["train"])
        sizes = {"full": count, "auto": auto_batch_size(count)}
        return Batches(
            count,
            min(sizes.get(str(self.batch_size)) or int(self.batch_size), count),
            order_seed=self.order_seed,
            new_order=self.new_order,
            smallest=self.smallest_batch,
            start=self._start,
            buffer=BUFFER if is_on_disk(self.samples.inputs) else None,
        )

    def state_dict(self) -> dict[str, Any]:
        assert self.trainer is not None
        loop = self.trainer.fit_loop
        epoch, batch = loop.epoch_progress.state_dict()["current"], loop.epoch_loop
        done = batch.batch_progress.current.completed
        begun = epoch["started"] > epoch["processed"]
        return {"epoch": epoch["processed"], "batches": done if begun else 0}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._start = state["epoch"], state["batches"]

    def train_dataloader(self) -> Loader:
        return self._loader("train", self.train_batches, self.training_folds)

    def val_dataloader(self) -> Loader | list[Loader]:
        return self._in_order("val") if "val" in self.rows else []

    def test_dataloader(self) -> dict[str, Loader]:
        """All splits by name: a run reports every split at its best checkpoint."""
        return {split: self._in_order(split) for split in self.rows}

    def _in_order(self, split: str) -> Loader:
        count = len(self.rows[split])
        # At the end, the training rows are measured by all members of an ensemble.
        folds = self.training_folds if split == "val" else None
        return self._loader(split, Batches(count, EVALUATION_BATCH_SIZE), folds)

    def _loader(self, split: str, batches: Batches, folds: Tensor | None) -> Loader:
        parts = [self.split_features[split], self.split_targets[split]]
        if folds is not None:
            parts.append(folds)
        if self.samples.weights is not None:
            weights = self.samples.weights[self.rows[split]].to(parts[0])
            parts.append(weights / weights.mean())
        return loader(batches, *parts)
