"""Runs and sweeps from Python: as from the command line, and nothing left behind."""

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from conftest import Run
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig

import litmlp
from litmlp.errors import UserError

QUICK = ["data=iris", "trainer.max_epochs=2", "logger=csv"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_of_python_is_a_run_of_the_command_line(run: Run) -> None:
    folder, summary = litmlp.train([*QUICK, "seed=3"])
    assert run("train", *QUICK, "seed=3", "hydra.run.dir=typed").code == 0
    for path in Path("typed").rglob("*"):
        assert (folder / path.relative_to("typed")).exists(), path
    typed = json.loads(Path("typed/summary.json").read_text())
    assert summary["metrics"] == typed["metrics"]
    assert summary["config_hash"] == typed["config_hash"]
    assert summary["overrides"] == [*QUICK, "seed=3"]
    assert summary["status"] == "done"


def test_a_sweep_returns_a_row_per_run(capfd: pytest.CaptureFixture[str]) -> None:
    values = {"optimizer.lr": [1e-3, 1e9], "model.hidden_sizes": [[4], [4, 4]]}
    runs = litmlp.sweep([*QUICK, "optimizer=sgd"], values)
    assert runs.height == 4
    assert runs["optimizer.lr"].to_list() == [1e-3, 1e-3, 1e9, 1e9]
    assert runs["model.hidden_sizes"].to_list() == ["[4]", "[4,4]"] * 2
    together = litmlp.sweep(QUICK, {"seed": [0, 1]}, launcher="vectorized")
    assert together["accuracy/test"].null_count() == 0


def test_a_run_that_fails_is_a_row_of_the_sweep(
    capfd: pytest.CaptureFixture[str],
) -> None:
    runs = litmlp.sweep(QUICK, {"data.batch_size": [32, -1]})
    assert runs["status"].to_list() == ["done", "failed"]
    assert "batch_size=-1" in runs["error"][1]


def test_the_hydra_of_a_notebook_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("a: 1")
    root, arguments = logging.getLogger(), sys.argv
    handlers = root.handlers[:]
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        litmlp.train(QUICK)
        assert compose("own").a == 1
    assert HydraConfig.instance().cfg is None
    assert (sys.argv, root.handlers) == (arguments, handlers)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data=iriss"], "data=iriss: no such option. Did you mean iris?"),
        (["-m"], "-m: overrides are key=value"),
        (["name=.."], "name=..: only letters"),
        (["data=iris", "data.batch_size=-1"], "data.batch_size=-1: must be 1 or more"),
    ],
)
def test_a_mistake_is_one_error_that_is_raised(
    overrides: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError) as raised:
        litmlp.train(overrides)
    assert str(raised.value).startswith(message)
    assert capfd.readouterr().err == ""


def test_an_array_or_a_table_in_another_order_can_be_predicted() -> None:
    model = litmlp.load(
        litmlp.train([*QUICK[:2], "data=diabetes", "logger=none"]).folder
    )
    assert repr(model) == f"LoadedModel({model.trained.folder})"
    names = [column.name for column in model.trained.columns]
    rows = [[0.01 * i for i in range(len(names))]]
    table = pl.DataFrame(rows, schema=names, orient="row")
    assert model.predict(rows) == model.predict(table.select(reversed(names)))
    with pytest.raises(UserError, match="no column age"):
        model.predict(table.drop("age"))
    with pytest.raises(UserError, match="no probabilities"):
        model.predict_proba(table)
    first, *others = model.trained.columns
    codes = replace(first, kind="categorical")
    trained = replace(model.trained, columns=[codes, *others])
    line = f"^column {first.name}: 1 values that training did not have: 0"
    with pytest.warns(UserWarning, match=line):
        replace(model, trained=trained).predict(table)
