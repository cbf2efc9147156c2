"""A run learns, repeats, and obeys its budget, its seeds and its choices per layer."""

import csv
from pathlib import Path

import pytest
import torch
from conftest import Compose
from omegaconf import DictConfig

from litmlp.engine.config.build import build_data
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.folder import run_folder
from litmlp.engine.run.train import train

QUICK = ("trainer=cpu", "trainer.max_epochs=3")


def weights(config: DictConfig) -> dict[str, torch.Tensor]:
    path = Path(config.folder) / "checkpoints" / "last.ckpt"
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return state


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


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
    train(composed)
    summary = run_folder.read_summary(Path(composed.folder))
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
        (["trainer.max_steps=2"], 2),
        (["trainer.max_epochs=2", "trainer.max_steps=100"], 6),
        (["trainer.max_epochs=0"], 0),
        (["trainer.max_epochs=2", "trainer.accumulate_grad_batches=2"], 4),
        (["trainer.max_epochs=2", "data.batch_size=1"], 192),
        (["trainer.max_epochs=2", "data.batch_size=full"], 2),
        (["trainer.max_steps=400", "callbacks=minimal"], 400),  # of 134 epochs
    ],
)
def test_each_budget_alone_suffices(
    budget: list[str], iterations: int, config: Compose
) -> None:
    composed = config("data=iris", "trainer=cpu", *budget)
    train(composed)
    summary = run_folder.read_summary(Path(composed.folder))
    assert summary["iterations"] == iterations
    assert "accuracy/test" in summary["metrics"]


def test_a_time_budget_ends_a_run(config: Compose) -> None:
    composed = config(
        "data=iris", "trainer=cpu", "trainer.max_time=00:00:00:01", "callbacks=minimal"
    )
    train(composed)
    summary = run_folder.read_summary(Path(composed.folder))
    assert summary["epochs"] > 3
    assert 1 <= summary["wall_seconds"] < 30


def test_without_validation_rows_training_is_monitored(
    config: Compose, capsys: pytest.CaptureFixture[str]
) -> None:
    composed = config(
        "data=iris", "data.validation_share=0", "data.test_share=0", *QUICK
    )
    train(composed)
    summary = run_folder.read_summary(Path(composed.folder))
    assert summary["monitor"]["metric"] == "loss/train"
    assert {tag.split("/")[1] for tag in summary["metrics"]} == {"train"}
    assert "no validation rows" in capsys.readouterr().out


def test_a_last_row_alone_joins_the_batch_before_under_batchnorm(
    config: Compose,
) -> None:
    # 96 training rows: 95 and one more
    composed = config(
        "data=iris", "data.batch_size=95", "batchnorm=before_activation", *QUICK
    )
    train(composed)
    assert run_folder.read_summary(Path(composed.folder))["iterations"] == 3


def test_double_precision_reaches_data_and_weights(config: Compose) -> None:
    composed = config("data=diabetes", "trainer.precision=64-true", *QUICK)
    train(composed)
    floating = [v for v in weights(composed).values() if v.is_floating_point()]
    assert all(value.dtype == torch.float64 for value in floating)
    assert torch.get_default_dtype() == torch.float32


def test_curves_have_one_row_an_epoch(config: Compose) -> None:
    composed = config("data=wine", *QUICK)
    best = train(composed)
    epochs = [row for row in rows(composed) if row["loss/train"]]
    assert len(epochs) == 3
    assert min(float(row["loss/val"]) for row in epochs) == pytest.approx(best)
    assert all(float(row["lr"]) == pytest.approx(1e-3) for row in epochs)


def test_the_best_checkpoint_is_the_epoch_of_the_best_value(config: Compose) -> None:
    composed = config("data=wine", "optimizer.lr=0.5", "trainer.max_epochs=8")
    best = train(composed)
    summary = run_folder.read_summary(Path(composed.folder))
    losses = [float(row["loss/val"]) for row in rows(composed) if row["loss/val"]]
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


def test_the_reported_loss_is_without_the_penalty(config: Compose) -> None:
    choices = ("data=wine", "optimizer=sgd", "optimizer.lr=0", *QUICK)
    heavy = ("penalty=l2", "penalty.strength=100")
    assert train(config(*choices)) == train(config(*choices, *heavy, folder="heavy"))


@pytest.mark.parametrize("weights", ["null", "[1,5,2]"])
def test_the_loss_of_an_epoch_is_that_of_all_its_rows(
    weights: str, config: Compose
) -> None:
    # 113 rows in batches of 50: the last one is smaller
    composed = config(
        "data=wine",
        "optimizer=sgd",
        "optimizer.lr=0",
        "data.batch_size=50",
        "initializer@output_initializer=normal",
        f"loss.weight={weights}",
        *QUICK,
    )
    train(composed)
    losses = [float(row["loss/train"]) for row in rows(composed) if row["loss/train"]]
    metrics = run_folder.read_summary(Path(composed.folder))["metrics"]
    assert losses == pytest.approx([metrics["loss/train"]] * 3, rel=1e-6)


@pytest.mark.filterwarnings("ignore:No positive samples")
def test_a_class_that_a_split_lacks_does_not_lower_auroc(config: Compose) -> None:
    metric = construct_node(config("task.num_outputs=3").task.metrics.auroc, "auroc")
    probabilities = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.8, 0.2, 0.0]])
    assert metric(probabilities, torch.tensor([0, 1, 0])) == 1


def test_a_finished_run_is_never_overwritten(config: Compose) -> None:
    composed = config("data=iris", *QUICK)
    best = train(composed)
    files = {p: p.read_bytes() for p in Path(composed.folder).rglob("*") if p.is_file()}
    assert train(composed) == best
    assert files == {
        p: p.read_bytes() for p in Path(composed.folder).rglob("*") if p.is_file()
    }
