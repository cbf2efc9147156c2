"""A run learns, repeats, and obeys its budget, its seeds and its choices per layer."""

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Compose, files_of
from omegaconf import DictConfig

from litmlp.engine.config.build import build_data
from litmlp.engine.folder import run_folder
from litmlp.engine.run.resume_point import StartingPoint
from litmlp.engine.run.train import train
from litmlp.errors import UserError

QUICK = ("trainer=cpu", "trainer.max_epochs=3")
NORM = "batchnorm=before_activation"


def weights(config: DictConfig) -> dict[str, torch.Tensor]:
    path = Path(config.folder) / "checkpoints" / "last.ckpt"
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return state


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def summary_of(config: DictConfig) -> dict[str, Any]:
    """Train, and return what the summary says."""
    train(config)
    return run_folder.read_summary(Path(config.folder))


def rows(config: DictConfig) -> list[dict[str, str]]:
    with (Path(config.folder) / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("data", "metric", "least"),
    [
        ("iris", "accuracy/test", 0.9),
        ("diabetes", "r2/train", 0.5),
        ("circle", "accuracy/test", 0.95),
        ("plane", "r2/test", 0.98),
    ],
)
def test_a_run_learns(data: str, metric: str, least: float, config: Compose) -> None:
    composed = config(f"data={data}", "trainer=cpu", "optimizer.lr=0.003")
    summary = summary_of(composed)
    assert summary["metrics"][metric] >= least


def test_the_same_seed_gives_the_same_bits_and_another_does_not(
    config: Compose,
) -> None:
    choices = ("data=wine", "dropout=dropout", "batchnorm=before_activation", *QUICK)
    first, again = (config(*choices, folder=name) for name in ("first", "again"))
    other = config(*choices, "seed=1", folder="other")
    assert train(first) == train(again) != train(other)
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))


@pytest.mark.parametrize("part", ["initialization", "order", "dropout"])
def test_each_seed_can_be_set_apart(part: str, config: Compose) -> None:
    choices = ("data=wine", "dropout=dropout", *QUICK)
    plain, apart = config(*choices), config(*choices, f"seeds.{part}=9", folder="apart")
    train(plain)
    train(apart)
    assert not same(weights(plain), weights(apart))


def test_the_seed_leaves_the_split_alone(config: Compose) -> None:
    first, second = (build_data(config("data=iris", f"seed={s}")) for s in (0, 1))
    assert all(torch.equal(first.rows[s], second.rows[s]) for s in first.rows)


@pytest.mark.parametrize(
    ("budget", "iterations"),
    [
        (["trainer.max_epochs=2"], 6),
        (["trainer.max_steps=7"], 7),
        (["trainer.max_epochs=2", "trainer.max_steps=100"], 6),
        (["trainer.max_epochs=0"], 0),
        (["trainer.max_epochs=2", "trainer.accumulate_grad_batches=2"], 4),
        (["trainer.max_epochs=2", "data.batch_size=1"], 192),
        # 95 rows and one more, which batchnorm cannot take alone
        (["trainer.max_epochs=2", "data.batch_size=95", NORM], 2),
        (["trainer.max_epochs=2", "data.batch_size=full"], 2),
        (["trainer.max_steps=400", "callbacks=minimal"], 400),  # of 134 epochs
    ],
)
def test_each_budget_alone_suffices(
    budget: list[str], iterations: int, config: Compose
) -> None:
    composed = config("data=iris", "trainer=cpu", *budget)
    summary = summary_of(composed)
    assert summary["iterations"] == iterations
    assert "accuracy/test" in summary["metrics"]


def test_without_validation_rows_training_is_monitored(
    config: Compose, capsys: pytest.CaptureFixture[str]
) -> None:
    composed = config(
        "data=iris", "data.validation_share=0", "data.test_share=0", *QUICK
    )
    summary = summary_of(composed)
    assert summary["monitor"]["metric"] == "loss/train"
    assert {tag.split("/")[1] for tag in summary["metrics"]} == {"train"}
    assert "no validation rows" in capsys.readouterr().out


def test_curves_have_one_row_an_epoch_and_the_best_one_is_kept(
    config: Compose,
) -> None:
    composed = config("data=wine", "optimizer.lr=0.5", "trainer.max_epochs=8")
    best = train(composed)
    summary = run_folder.read_summary(Path(composed.folder))
    epochs = [row for row in rows(composed) if row["loss/train"]]
    losses = [float(row["loss/val"]) for row in epochs]
    assert len(losses) == 8
    assert all(float(row["lr"]) == pytest.approx(0.5) for row in epochs)
    assert min(losses) == pytest.approx(best)
    assert summary["best_epoch"] == losses.index(min(losses)) + 1
    assert summary["metrics"]["loss/val"] == pytest.approx(best, rel=1e-5)


def test_lightnings_own_checkpoints_go_where_they_are_told(
    config: Compose, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    composed = config(
        *("data=iris", *QUICK),
        "+callbacks.theirs._target_=lightning.pytorch.callbacks.ModelCheckpoint",
        f"+callbacks.theirs.dirpath={theirs}",
        "+callbacks.theirs.save_last=true",  # written after last.ckpt
        "+callbacks.theirs.save_weights_only=true",
        "+callbacks.theirs.every_n_epochs=10",
    )
    train(composed)
    assert run_folder.read_summary(Path(composed.folder))["epochs"] == 3
    found = torch.load(theirs / "last.ckpt", weights_only=True)["state_dict"]
    assert same(weights(composed), found)


def test_a_diverging_run_says_the_worst_value(
    config: Compose, capsys: pytest.CaptureFixture[str]
) -> None:
    composed = config(
        "data=diabetes", "optimizer=sgd", "optimizer.lr=1e9", "trainer.max_epochs=4"
    )
    assert train(composed) == float("inf")
    summary = run_folder.read_summary(Path(composed.folder))
    assert summary["status"] == "done"
    assert summary["best_value"] is None
    assert "try a smaller optimizer.lr" in capsys.readouterr().out


@pytest.mark.parametrize(
    "more", ["loss.weight=[1,5,2]", "penalty=l2 penalty.strength=100"]
)
def test_the_loss_of_an_epoch_is_that_of_all_its_rows_without_a_penalty(
    more: str, config: Compose
) -> None:
    # 113 rows in batches of 50: the last one is smaller
    composed = config(
        *("data=wine", "data.batch_size=50", "optimizer=sgd", "optimizer.lr=0"),
        *("initializer@output_initializer=normal", *QUICK, *more.split()),
    )
    metrics = summary_of(composed)["metrics"]
    losses = [float(row["loss/train"]) for row in rows(composed) if row["loss/train"]]
    assert losses == pytest.approx([metrics["loss/train"]] * 3, rel=1e-6)


def test_a_finished_run_is_never_overwritten(config: Compose) -> None:
    composed = config("data=iris", *QUICK)
    best = train(composed)
    before = files_of(Path(composed.folder))
    assert train(composed) == best
    with pytest.raises(UserError, match="holds a finished run"):
        StartingPoint(Path(composed.folder), composed).read()
    assert files_of(Path(composed.folder)) == before
