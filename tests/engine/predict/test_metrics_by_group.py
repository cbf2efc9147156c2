"""Metrics per group of rows and the importance of columns, against references."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from omegaconf import OmegaConf
from people_runs import PEOPLE, read_json, train_on_people
from scipy.stats import t
from torch import Tensor

from litmlp.engine.predict import evaluate_file
from litmlp.engine.predict.evaluate_file import evaluate_file as evaluate
from litmlp.engine.predict.evaluate_file import explain_own_rows
from litmlp.engine.predict.importance import importance
from litmlp.engine.predict.trained_model import trained
from litmlp.errors import UserError


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "city"
    return train_on_people(folder, "city", f"data.path={PEOPLE}")


def explained(run: Path, file: Path, by: str | None = None) -> Path:
    with trained(run) as model:
        evaluate(model, str(file), by=by)
    return run / "evaluations" / file.stem


def test_a_shuffled_column_costs_what_it_explains() -> None:
    torch.manual_seed(0)
    inputs = torch.randn(2000, 2)
    targets = 3 * inputs[:, :1]

    def loss_of(inputs: Tensor, targets: Tensor) -> float:
        return float((3 * inputs[:, :1] - targets).square().mean())

    table = importance(loss_of, inputs, targets, ["used", "unused"], repeats=4)
    assert table["column"].to_list() == ["used", "unused"]
    used, unused = table.rows(named=True)
    assert used["importance"] == pytest.approx(18 * float(inputs[:, 0].var()), rel=0.1)
    assert used["low"] < used["importance"] < used["high"]
    assert unused == {"column": "unused", "importance": 0, "low": 0, "high": 0}


def test_the_interval_is_that_of_student() -> None:
    losses = iter([1.0, 2.0, 4.0, 3.0])  # before, and after each of three shuffles
    table = importance(
        lambda *_: next(losses), torch.rand(9, 1), torch.rand(9), ["a"], repeats=3
    )
    (row,) = table.rows(named=True)
    low, high = t.interval(0.95, 2, loc=2, scale=np.std([1, 3, 2], ddof=1) / 3**0.5)
    assert list(row.values()) == ["a", 2, pytest.approx(low), pytest.approx(high)]


def test_each_group_has_the_metrics_of_its_rows_alone(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate_file, "draw", lambda *unused: None)
    run = Path(shutil.copytree(city, tmp_path / "run"))
    table = pl.read_csv(PEOPLE).drop_nulls("city")
    everyone, members = tmp_path / "everyone.csv", tmp_path / "members.csv"
    club = pl.when(pl.col("member")).then(pl.lit("a")).otherwise(pl.lit("b"))
    table.with_columns(row=club).write_csv(everyone)
    table.filter("member").write_csv(members)
    alone = read_json(explained(run, members) / "metrics.json")
    for column, value in {"member": 1.0, "row": "a"}.items():
        folder = explained(run, everyone, by=column)
        groups = pl.read_csv(folder / "by_group.csv")
        assert groups.columns[0] == column
        assert groups["rows"].sum() == table.height
        (found,) = groups.filter(pl.col(column) == value).rows(named=True)
        assert {**alone, column: value} == pytest.approx(found)


def test_a_column_of_many_numbers_is_cut_at_its_quartiles(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate_file, "draw", lambda *unused: None)
    run = Path(shutil.copytree(city, tmp_path / "run"))
    for column in ("income", "id"):
        groups = pl.read_csv(explained(run, PEOPLE, by=column) / "by_group.csv")
        known = groups.drop_nulls(column)["rows"]
        assert len(known) == 4
        assert known.max() - known.min() <= 2


def test_a_missing_group_is_not_an_unseen_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train_on_people(tmp_path / "run", "income", f"data.path={PEOPLE}")
    rows = pl.read_csv(PEOPLE).head(4)
    cities = [*rows["city"].head(2), None, "Nowhere"]
    rows.with_columns(city=pl.Series(cities)).write_csv(tmp_path / "new.csv")
    groups = pl.read_csv(explained(run, tmp_path / "new.csv", "city") / "by_group.csv")
    found = dict(zip(groups["city"], groups["rows"], strict=True))
    assert found[None] == found["unseen"] == 1
    assert "training rows" not in capsys.readouterr().out
    explained(run, PEOPLE)
    assert "this file has the training rows" in capsys.readouterr().out


def test_a_path_of_another_machine_is_not_looked_up() -> None:
    config = OmegaConf.create({"data": {"path": "${oc.env:NO_SUCH_VARIABLE}/t.csv"}})
    assert not evaluate_file.was_trained_on(config, PEOPLE)


def test_a_run_is_explained_on_its_test_rows(city: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(city, tmp_path / "run"))
    explain_own_rows(run, by="member", with_importance=True)
    folder = run / "evaluations" / "test_split"
    groups = pl.read_csv(folder / "by_group.csv")
    rows = read_json(folder / "metrics.json")["rows"]
    assert groups["rows"].sum() == rows
    right = (groups["accuracy"] * groups["rows"]).sum() / rows
    tested = read_json(run / "summary.json")["metrics"]["accuracy/test"]
    assert right == pytest.approx(tested)
    names = pl.read_csv(folder / "importance.csv")["column"].sort().to_list()
    assert names == ["age", "height", "income", "joined", "member"]
    assert (folder / "importance.png").stat().st_size > 1000
    with pytest.raises(UserError, match="Did you mean height"):
        explain_own_rows(run, by="hight", with_importance=False)
