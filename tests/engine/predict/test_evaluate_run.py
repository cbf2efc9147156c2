"""A run is measured again from its folder alone."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import Run, files_of
from omegaconf import OmegaConf

QUICK = ("trainer=cpu", "trainer.max_epochs=2")


@pytest.mark.parametrize(
    "choices",
    [
        ["data=breast_cancer", "batchnorm=after_activation", "dropout=dropout"],
        ["data=diabetes", "preprocessing=none", "loss=huber"],
        ["data=spiral", "data.inputs=[x1,x2,sin_x1]", "model.activation=[tanh,sine]"],
    ],
)
def test_the_same_metrics_to_the_last_digit(
    choices: list[str], run: Run, tmp_path: Path
) -> None:
    run("train", *choices, *QUICK)
    (folder,) = tmp_path.glob("logs/default/runs/*")
    moved = shutil.move(folder, tmp_path / "moved")
    before = files_of(moved)
    ended = run("evaluate", f"run={moved}")
    assert ended.code == 0
    assert ended.err == ""
    assert ended.out.count("loss ") == 1
    assert "the same as in summary.json, to the last digit" in ended.out
    after = files_of(moved)
    assert before == after


def test_a_difference_is_named(run: Run, tmp_path: Path) -> None:
    run("train", "data=iris", *QUICK)
    (path,) = tmp_path.glob("logs/default/runs/*/summary.json")
    summary = json.loads(path.read_text())
    summary["metrics"]["accuracy/test"] += 0.1
    path.write_text(json.dumps(summary))
    ended = run("evaluate", f"run={path.parent}")
    assert "not the same as in summary.json: accuracy/test" in ended.out


def test_a_table_is_found_from_another_folder(run: Run, tmp_path: Path) -> None:
    lines = [f"{i},{i % 5 / 2}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *lines]))
    run("train", "data=table", "data.path=t.csv", "data.target=y", *QUICK)
    (folder,) = tmp_path.glob("logs/default/runs/*")
    saved = OmegaConf.load(folder / ".hydra" / "config.yaml")
    assert saved.data.path == str(tmp_path / "t.csv")
    ended = run("evaluate", f"run={folder}")
    assert "the same as in summary.json" in ended.out


@pytest.mark.parametrize(
    "command", ["evaluate", "evaluate input=t.csv", "predict input=t.csv output=o.csv"]
)
def test_a_sweep_is_no_run(command: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "sweep" / "seed-0").mkdir(parents=True)
    (tmp_path / "sweep" / "seed-0" / "summary.json").write_text("{}")
    task, *others = command.split()
    assert run(task, "run=sweep", *others).mistake == (
        "error: run=sweep is a sweep: give the folder of one of its runs. "
        "ensemble=seeds trains networks that predict together"
    )
