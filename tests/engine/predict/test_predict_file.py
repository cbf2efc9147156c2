"""Predictions for new rows, from a run's folder alone."""

import shutil
from pathlib import Path

import polars as pl
import pytest
import torch
from conftest import ROOT, Run

from litmlp.engine.config.build import build_data
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import run_folder
from litmlp.engine.predict.trained_model import trained

PEOPLE = ROOT / "tests" / "people.csv"
QUICK = ("trainer=cpu", "trainer.max_epochs=3", "callbacks=minimal", "data.drop=[id]")


@pytest.fixture
def train(run: Run, tmp_path: Path) -> Run:
    def train_on_people(target: str, *choices: str) -> Path:
        shutil.copy(PEOPLE, tmp_path / "people.csv")
        table = ["data=table", "data.path=people.csv", f"data.target={target}"]
        ended = run("train", *table, *QUICK, *choices, f"hydra.run.dir={tmp_path}/run")
        assert ended.code == 0, ended.err
        (tmp_path / "people.csv").unlink()  # what follows must not need it
        return tmp_path / "run"

    return train_on_people  # type: ignore[return-value]  # it returns a folder


def predict(run: Run, folder: Path, table: pl.DataFrame, *options: str) -> pl.DataFrame:
    source, output = folder / "new.csv", folder / "out.parquet"
    table.write_csv(source)
    ended = run(
        "predict", f"run={folder}", f"input={source}", f"output={output}", *options
    )
    assert ended.code == 0, ended.err
    return pl.read_parquet(output)


@pytest.mark.parametrize(
    ("target", "choices"),
    [
        ("income", []),
        ("city", ["preprocessing=quantile_normal", "encoding=embedding"]),
        ("member", ["preprocessing=robust", "trainer.precision=64-true"]),
        ("income", ["preprocessing=none", "batchnorm=before_activation"]),
    ],
)
def test_predictions_score_as_the_summary_says(
    target: str, choices: list[str], run: Run, train: Run, tmp_path: Path
) -> None:
    folder = train(target, *choices)
    people = pl.read_csv(PEOPLE, try_parse_dates=True).drop_nulls(target)
    people.write_csv(tmp_path / "people.csv")
    config = run_folder.read_config(folder)
    with run_settings(config):
        rows = build_data(config).rows["test"].tolist()
    predicted = predict(run, folder, people[rows])
    assert predicted["id"].cast(pl.Int64).to_list() == people["id"][rows].to_list()
    true, guess = people[target][rows], predicted[f"predicted_{target}"]
    metrics = run_folder.read_summary(folder)["metrics"]
    if target == "income":
        mae = (true.cast(pl.Float64) - guess.cast(pl.Float64)).abs().mean()
        assert mae == pytest.approx(metrics["mae/test"], rel=1e-6)
    else:
        right = true.cast(pl.String) == guess
        assert right.mean() == pytest.approx(metrics["accuracy/test"], abs=1e-7)


def test_probabilities_are_named_by_class(run: Run, train: Run) -> None:
    folder = train("city")
    predicted = predict(run, folder, pl.read_csv(PEOPLE))
    probabilities = predicted.select(pl.col("^probability_.*$"))
    assert probabilities.columns == [
        f"probability_{city}" for city in ("Bern", "Oslo", "Paris", "Rome")
    ]
    assert probabilities.sum_horizontal().to_numpy() == pytest.approx(1, abs=1e-6)
    largest = probabilities.to_numpy().argmax(axis=1)
    names = [probabilities.columns[i].removeprefix("probability_") for i in largest]
    assert predicted["predicted_city"].to_list() == names


def test_columns_are_found_by_name_and_others_ignored(run: Run, train: Run) -> None:
    folder = train("income")
    people = pl.read_csv(PEOPLE)
    expected = predict(run, folder, people)
    shuffled = people.select(reversed(people.columns)).with_columns(extra=pl.lit("?"))
    assert predict(run, folder, shuffled).equals(expected)
    kept = predict(run, folder, people, "keep=[city,id]")
    assert kept.columns == ["city", "id", "predicted_income"]
    assert kept["city"].to_list() == people["city"].to_list()


def test_a_table_without_columns_to_keep_gets_its_predictions(
    run: Run, train: Run
) -> None:
    folder = train("income", "data.drop=[]")
    people = pl.read_csv(PEOPLE)
    predicted = predict(run, folder, people)
    assert predicted.columns == ["predicted_income"]
    assert len(predicted) == len(people)


def test_an_unseen_category_and_missing_values_are_predicted(
    run: Run, train: Run
) -> None:
    folder = train("income")
    people = pl.read_csv(PEOPLE).head(2)
    blank = {name: None for name in people.columns if name != "id"}
    odd = [blank | {"id": 1}, blank | {"id": 2, "city": "Atlantis"}]
    predicted = predict(run, folder, pl.DataFrame(odd))["predicted_income"]
    assert predicted.is_finite().all()
    assert predicted[0] != predicted[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.all().exclude("age", "city"), "no column age, city. There are: id"),
        (pl.all().exclude("age"), "no column age. There are"),
        (pl.col("*").replace({"26": "old"}), "age, line 2: 'old'"),
        (pl.col("*").replace({"2022-08-16": "soon"}), "joined, line 2: 'soon'"),
        (pl.col("*").replace({"true": "maybe"}), "member, line 2: 'maybe'"),
    ],
)
def test_a_table_that_does_not_fit_leaves_no_output(
    change: pl.Expr, words: str, run: Run, train: Run, tmp_path: Path
) -> None:
    folder = train("income")
    pl.read_csv(PEOPLE, infer_schema=False).select(change).write_csv(tmp_path / "n.csv")
    output = tmp_path / "out.csv"
    output.write_text("from before")
    ended = run("predict", f"run={folder}", "input=n.csv", f"output={output}")
    assert ended.code == 1
    assert "n.csv" in ended.err
    assert words in ended.err
    assert output.read_text() == "from before"
    assert not list(tmp_path.glob("*.partial"))


def test_an_output_that_is_no_table_is_refused(run: Run, train: Run) -> None:
    folder = train("income")
    ended = run("predict", f"run={folder}", f"input={PEOPLE}", "output=out.txt")
    assert ended.code == 1
    assert "output=out.txt: must end in .csv or .parquet" in ended.err


def test_the_checkpoint_alone_gives_the_model(train: Run) -> None:
    folder = train("city")
    checkpoint = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
    with trained(folder) as model:
        assert [column.name for column in model.columns] == [
            column["name"] for column in checkpoint["facts"]["columns"]
        ]
        state = model.model.state_dict()
    for name, tensor in checkpoint["state_dict"].items():
        assert torch.equal(state[name], tensor)


def test_no_two_columns_have_one_name(run: Run, train: Run, tmp_path: Path) -> None:
    folder = train("income")
    people = pl.read_csv(PEOPLE).with_columns(predicted_income=1, id=pl.lit("="))
    people.write_csv(folder / "new.csv")
    command = ("predict", f"run={folder}", f"input={folder}/new.csv")
    for kept in ("predicted_income", "id,id"):
        ended = run(*command, f"output={folder}/out.csv", f"keep=[{kept}]")
        name = kept.split(",")[0]
        assert ended.err == f"error: keep: the output would have two columns {name}\n"
    assert not (folder / "out.csv").exists()
    again = [f"data.path={folder}/new.csv", "data.target=[income,predicted_income]"]
    ended = run("train", "data=table", *again, *QUICK)
    assert "target predicted_income: tables of predictions have a column" in ended.err


def test_an_earlier_prediction_that_was_dropped_is_not_copied(
    run: Run, train: Run, tmp_path: Path
) -> None:
    earlier = pl.read_csv(PEOPLE).with_columns(predicted_income=1)
    path = tmp_path / "earlier.csv"
    earlier.write_csv(path)
    dropped = ("data.drop=[id,predicted_income]", f"data.path={path}")
    folder = train("income", *dropped)
    assert predict(run, folder, earlier).columns == ["id", "predicted_income"]
    ended = run("evaluate", f"run={folder}", f"input={path}")
    assert ended.code == 0, ended.err
