"""Predictions for new rows, from a run's folder alone."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from conftest import Run
from people_runs import people, train_on_people

from litmlp.engine.predict.predict_file import write
from litmlp.errors import UserError

Train = Callable[..., Path]


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> Train:
    """train("income", …) returns the folder of a run, which is trained once."""
    home = tmp_path_factory.mktemp("runs")
    return cache(
        lambda target, *choices: train_on_people(
            home / str(len([*home.iterdir()])), target, *choices
        )
    )


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def predict(run: Run, folder: Path, table: pl.DataFrame, *options: str) -> pl.DataFrame:
    table.write_csv("new.csv")
    files = ("input=new.csv", "output=out.parquet")
    ended = run("predict", f"run={folder}", *files, *options)
    assert ended.code == 0, ended.err
    return pl.read_parquet("out.parquet")


def test_probabilities_are_named_by_class(run: Run, train: Train) -> None:
    folder = train("city")
    predicted = predict(run, folder, people())
    probabilities = predicted.select(pl.col("^probability_.*$"))
    assert probabilities.columns == [
        f"probability_{city}" for city in ("Bern", "Oslo", "Paris", "Rome")
    ]
    assert probabilities.sum_horizontal().to_numpy() == pytest.approx(1, abs=1e-6)
    largest = probabilities.to_numpy().argmax(axis=1)
    names = [probabilities.columns[i].removeprefix("probability_") for i in largest]
    assert predicted["predicted_city"].to_list() == names


def test_columns_are_found_by_name_and_others_ignored(run: Run, train: Train) -> None:
    folder, table = train("income"), people()
    expected = predict(run, folder, table)
    shuffled = table.select(reversed(table.columns)).with_columns(extra=pl.lit("?"))
    assert predict(run, folder, shuffled).equals(expected)
    kept = predict(run, folder, table, "keep=[city,id]")
    assert kept.columns == ["city", "id", "predicted_income"]
    assert kept["city"].to_list() == table["city"].to_list()
    none = predict(run, folder, table, "keep=[]")
    assert none.equals(expected.select("predicted_income"))


def test_an_unseen_category_and_missing_values_are_predicted(
    run: Run, train: Train
) -> None:
    folder = train("income")
    blank = {name: None for name in people().columns if name != "id"}
    odd = [blank | {"id": 1}, blank | {"id": 2, "city": "Atlantis"}]
    predicted = predict(run, folder, pl.DataFrame(odd))["predicted_income"]
    assert predicted.is_finite().all()
    assert predicted[0] != predicted[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.all().exclude("age", "city"), "no column age, city. There are: id"),
        (pl.col("*").replace({"26": "old"}), "age, line 2: 'old'"),
        (pl.col("*").replace({"true": "maybe"}), "member, line 2: 'maybe'"),
    ],
)
def test_a_table_that_does_not_fit_leaves_no_output(
    change: pl.Expr, words: str, run: Run, train: Train, tmp_path: Path
) -> None:
    folder = train("income")
    people().select(change).write_csv(tmp_path / "n.csv")
    output = tmp_path / "out.csv"
    output.write_text("from before")
    ended = run("predict", f"run={folder}", "input=n.csv", "output=out.csv")
    assert ended.code == 1
    assert "n.csv" in ended.err
    assert words in ended.err
    assert output.read_text() == "from before"
    assert not list(tmp_path.glob("*.partial"))
    ended = run("predict", f"run={folder}", "input=n.csv", "output=out.txt")
    assert "output=out.txt: must end in .csv or .parquet" in ended.err


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_failure_in_a_late_row_leaves_no_file(suffix: str, tmp_path: Path) -> None:
    def tables() -> Iterator[pl.DataFrame]:
        yield pl.DataFrame({"y": [1, 2]})
        raise UserError("line 3")

    # Polars opens the file in a thread of its own: now and then late.
    for _ in range(100):
        with pytest.raises(UserError, match="line 3"):
            write(tables(), tmp_path / f"out.{suffix}", "n.csv")
        assert not list(tmp_path.iterdir())


def test_no_two_columns_have_one_name(run: Run, train: Train, tmp_path: Path) -> None:
    people().with_columns(predicted_income=1, id=pl.lit("=")).write_csv("new.csv")
    command = ("predict", f"run={train('income')}", "input=new.csv", "output=out.csv")
    for kept in ("predicted_income", "id,id"):
        ended = run(*command, f"keep=[{kept}]")
        name = kept.split(",")[0]
        assert ended.err == f"error: keep: the output would have two columns {name}\n"
    assert not (tmp_path / "out.csv").exists()


def test_an_earlier_prediction_that_was_dropped_is_not_copied(
    run: Run, train: Train, tmp_path: Path
) -> None:
    earlier = people().with_columns(predicted_income=1)
    earlier.write_csv("earlier.csv")
    dropped = "data.drop=[id,predicted_income]"
    folder = train("income", dropped, f"data.path={tmp_path}/earlier.csv")
    assert predict(run, folder, earlier).columns == ["id", "predicted_income"]
    ended = run("evaluate", f"run={folder}", "input=earlier.csv")
    assert ended.code == 0, ended.err
