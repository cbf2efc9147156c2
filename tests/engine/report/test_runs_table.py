"""Run folders become a table: their choices, and which of them may be compared."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from made_up import make_run

from litmlp.engine.report.comparable_runs import find_problems
from litmlp.engine.report.make_report import find_runs
from litmlp.engine.report.runs_table import Runs, read_runs
from litmlp.errors import UserError


def table_of(folder: Path) -> Runs:
    return read_runs(find_runs([str(folder)]))


def test_runs_are_found_at_any_depth_and_by_patterns(tmp_path: Path) -> None:
    one = make_run(tmp_path / "a" / "sweeps" / "1" / "x", [], 1.0)
    two = make_run(tmp_path / "b" / "runs" / "2", [], 1.0)
    (one.parent / "report").mkdir()
    assert find_runs([str(tmp_path)]) == [one, two]
    assert find_runs([str(one)]) == [one]
    assert find_runs([f"{tmp_path}/*/sweeps/*"]) == [one]
    assert find_runs([f"{tmp_path}/b", f"{tmp_path}/*"]) == [two, one]


def test_choices_that_vary_are_columns(tmp_path: Path) -> None:
    make_run(tmp_path / "a", ["data=iris", "activation=relu", "seed=1"], 1.0)
    make_run(tmp_path / "b", ["data=iris", "activation=tanh", "seed=2"], 2.0)
    runs = table_of(tmp_path)
    assert runs.choices == ["activation", "seed"]
    assert runs.table["activation"].to_list() == ["relu", "tanh"]
    assert runs.table["seed"].to_list() == [1, 2]
    assert runs.table["best_value"].to_list() == [1.0, 2.0]
    assert runs.table["loss/val"].to_list() == [1.0, 2.0]


def test_what_was_not_overridden_comes_from_the_saved_config(tmp_path: Path) -> None:
    config = {"optimizer": {"lr": 0.001}, "seed": 5, "seeds": {"order": "${seed}"}}
    other = config | {"optimizer": {"lr": 0.1}}
    choices = {"activation": "relu", "initializer@bias_initializer": "zeros"}
    bias = "initializer@bias_initializer=ones"
    saved = {"config": config, "choices": choices}
    make_run(tmp_path / "a", ["activation=relu", "optimizer.lr=1e-3"], 1.0, **saved)
    make_run(tmp_path / "b", ["optimizer.lr=1e-1"], 1.0, config=other, choices=choices)
    make_run(tmp_path / "c", ["activation=tanh", "seeds.order=7", bias], 1.0)
    table = table_of(tmp_path).table
    assert table["activation"].to_list() == ["relu", "relu", "tanh"]
    assert table["optimizer.lr"].to_list() == ["0.001", "0.1", "(default)"]
    assert table["seeds.order"].to_list() == [5, 5, 7]
    assert table["initializer@bias_initializer"].to_list() == ["zeros", "zeros", "ones"]


@pytest.mark.parametrize(
    ("overrides", "key", "value"),
    [
        ("pair={lr:1e-3,batch:32}", "pair", "{lr:1e-3,batch:32}"),
        ("+note='a = b'", "note", "'a = b'"),
        ("~callbacks.early_stopping", "callbacks.early_stopping", "(deleted)"),
        ("seed=18446744073709551615", "seed", "18446744073709551615"),
    ],
)
def test_any_override_is_read(
    overrides: str, key: str, value: str, tmp_path: Path
) -> None:
    make_run(tmp_path / "a", [overrides], 1.0)
    make_run(tmp_path / "b", ["name=other", "hydra.verbose=true", "logger=none"], 1.0)
    runs = table_of(tmp_path)
    assert runs.choices == [key]
    assert runs.table[key].to_list() == [value, "(default)"]


def test_what_follows_another_choice_is_none_of_its_own(tmp_path: Path) -> None:
    for lr in (0.1, 0.2):
        overrides = [f"+pair={{lr:{lr},batch:32}}", "optimizer.lr=${pair.lr}"]
        config = {"pair": {"lr": lr, "batch": 32}, "optimizer": {"lr": lr}}
        make_run(tmp_path / str(lr), overrides, 1.0, config=config)
    assert table_of(tmp_path).choices == ["pair"]
    own = {"optimizer": {"lr": 0.3}}
    make_run(tmp_path / "own", ["optimizer.lr=0.3"], 1.0, config=own)
    assert table_of(tmp_path).choices == ["pair", "optimizer.lr"]


def config_of(data: str, **changes: Any) -> dict[str, Any]:
    described = {"name": data, "batch_size": 32, "noise": 0.0} | changes
    loss = {"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.0}
    return {"data": described, "loss": loss, "task": {"name": "multiclass"}}


def test_other_data_losses_and_monitors_are_other_problems(tmp_path: Path) -> None:
    wine = {"config": config_of("wine"), "choices": {"data": "wine"}}
    noisy = {"config": config_of("wine", noise=0.1), "choices": {"data": "wine"}}
    large = {"config": config_of("wine", batch_size=64), "choices": {"data": "wine"}}
    iris = {"config": config_of("iris"), "choices": {"data": "iris"}}
    smooth = config_of("wine")
    smooth["loss"]["label_smoothing"] = 0.1
    accuracy = {"metric": "accuracy/val", "mode": "max"}
    make_run(tmp_path / "a", ["data=wine"], 1.0, **wine)
    make_run(tmp_path / "b", ["data=wine", "data.batch_size=64"], 1.0, **large)
    make_run(tmp_path / "c", ["data=wine", "data.noise=0.1"], 1.0, **noisy)
    make_run(tmp_path / "d", [], 1.0, **iris)  # its experiment's data
    make_run(tmp_path / "e", [], 1.0, **(wine | {"config": smooth}))
    make_run(tmp_path / "f", [], 1.0, **wine, monitor=accuracy)
    groups = {
        each.name: each.runs["config_hash"].to_list()
        for each in find_problems(table_of(tmp_path))
    }
    assert [sorted(group) for group in groups.values()] == [
        ["a", "b"],
        ["c"],
        ["d"],
        ["e"],
        ["f"],
    ]
    assert len(set(groups)) == 5
    assert all(name.startswith("data=") for name in groups)


def test_the_loss_is_a_choice_where_it_is_not_what_runs_are_ranked_by(
    tmp_path: Path,
) -> None:
    monitor = {"metric": "accuracy/val", "mode": "max"}
    make_run(tmp_path / "a", ["loss=mse"], 0.5, monitor=monitor)
    make_run(tmp_path / "b", ["loss=cross_entropy"], 0.6, monitor=monitor)
    (problem,) = find_problems(table_of(tmp_path))
    assert problem.choices == ["loss"]
    assert problem.runs["config_hash"].to_list() == ["b", "a"]


def test_a_failed_run_belongs_to_the_problem_of_the_others(tmp_path: Path) -> None:
    make_run(tmp_path / "a", ["optimizer.lr=1"], 1.0, config=config_of("wine"))
    failed = {"status": "failed", "error": "ValueError: no\nmore", "monitor": None}
    config = config_of("wine") | {"monitor": "loss/val", "mode": "min"}
    make_run(tmp_path / "b", ["optimizer.lr=-1"], config=config, **failed)
    runs = table_of(tmp_path)
    (problem,) = find_problems(runs)
    assert problem.runs.height == 2
    assert problem.measured.height == 1
    assert runs.table["error"].to_list() == ["", "ValueError: no"]


def test_runs_of_one_config_count_once(tmp_path: Path) -> None:
    same = {"config_hash": "same"}
    make_run(tmp_path / "a", ["seed=1"], 1.0, started="2026-01-01", **same)
    make_run(tmp_path / "b", ["seed=1"], 2.0, started="2026-01-02", **same)
    make_run(tmp_path / "c", ["seed=1"], status="failed", started="2026-01-03", **same)
    make_run(tmp_path / "d", ["seed=2"], 3.0)
    (problem,) = find_problems(table_of(tmp_path))
    assert problem.measured["best_value"].to_list() == [2.0, 3.0]
    assert problem.copies == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is broken: Expecting"),
        ('{"status": "done", "overrides": [], "best_value": NaN}', "best_value: Input"),
        ('{"status": "done", "overrides": [], "metrics": {"run": 1}}', "metrics.run"),
    ],
)
def test_a_broken_summary_is_skipped_by_name(
    text: str, reason: str, tmp_path: Path
) -> None:
    make_run(tmp_path / "good", [], 1.0)
    broken = make_run(tmp_path / "broken", [], 1.0) / "summary.json"
    broken.write_text(text)
    runs = table_of(tmp_path)
    assert runs.table.height == 1
    (line,) = runs.skipped
    assert line.startswith(str(broken))
    assert reason in line
    with pytest.raises(UserError, match="is broken"):
        read_runs([broken.parent])


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2\n"])
def test_a_broken_config_is_no_obstacle(text: str, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", ["b=1"], 1.0)
    (folder / ".hydra" / "config.yaml").write_text(text)
    make_run(tmp_path / "b", ["b=2", "a=1"], 1.0)
    assert set(table_of(tmp_path).choices) == {"a", "b"}


def test_a_command_parses_back_to_the_overrides(tmp_path: Path) -> None:
    overrides = [
        "pair={lr:1e-3,batch:32}",
        "model.hidden_sizes=[64,32]",
        "+note='it\\'s a \"b\" $HOME `c`'",
        "+key=${oc.env:TOKEN}",
        "~callbacks.early_stopping",
        "experiment=sweep/x",
    ]
    make_run(tmp_path / "a", [*overrides, "sweep.seeds=3"], 1.0)
    (command,) = table_of(tmp_path).table["command"]
    alone = "hydra.mode=RUN"  # though the experiment is a sweep
    assert shlex.split(command) == ["litmlp", "train", *overrides, alone]


def test_a_choice_called_like_another_column_is_told_apart(tmp_path: Path) -> None:
    for number in range(2):
        keys = ("run", "choice.run", "choice", "loss/val", "metrics")
        typed = [f"+{key}={number}" for key in keys]
        make_run(tmp_path / str(number), typed, 0.5)
    runs = table_of(tmp_path)
    names = [f"choice.{key}" for key in ("run", "choice.run", "choice", "loss/val")]
    assert runs.choices == [*names, "metrics"]
    assert runs.metrics == ["loss/val"]


def test_runs_on_a_changed_file_are_another_problem(tmp_path: Path) -> None:
    def run_on(name: str, values: str | None, *overrides: str, **data: Any) -> None:
        config = {"config": config_of("table", path="a.csv", **data)}
        read = {} if values is None else {"data": {"rows": 9, "values": values}}
        config["choices"] = {"data": "table"}
        make_run(tmp_path / name, [f"x={name}", *overrides], 1.0, **config, **read)

    run_on("a", "aaaaaaaaaaaa")
    run_on("b", "aaaaaaaaaaaa")
    run_on("c", "cccccccccccc", "data.drop=[id]", drop=["id"])
    assert len(list(find_problems(table_of(tmp_path)))) == 1, (
        "other columns, the same file"
    )
    run_on("d", "dddddddddddd")
    names = [each.name for each in find_problems(table_of(tmp_path))]
    assert names == [
        "data changed, values=aaaaaaaa",
        "",
        "data changed, values=dddddddd",
    ]
