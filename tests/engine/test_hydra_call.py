"""A user's mistake is one clear line and a non-zero exit, before any training."""

from pathlib import Path

import pytest
from conftest import Run

MISTAKES = {
    "optimizer.lr=abc": "optimizer.lr=abc: expected float, got str",
    "trainer.max_epochs=two": "trainer.max_epochs=two: expected int or null, got str",
    "model.hidden_sizes=64": "model.hidden_sizes=64: expected a list of int, got int",
    "activation=relu,tanh": "add -m to train one run per value; a list is activation=[",
    "seeds=5": "seeds=5: seed=… sets the seed of a run, -m sweep.seeds=… the",
    "num_threads=0": "num_threads=0: must be 1 or more",
    "dropout=dropout dropout.p=2": "dropout: dropout probability has to be between 0",
    "optimizer.lr=-1": "optimizer: Invalid learning rate: -1",
    "data.batch_size=0": "data.batch_size=0: must be 1 or more, full or auto",
    "+optimizer.foo=1": "optimizer.foo: Adam has no such argument. Allowed: amsgrad,",
    "data=diabetes loss=cross_entropy": "CrossEntropyLoss needs classes, and the",
    "data=iris task=regression": "task=regression needs real-valued targets",
    "data=diabetes task=multiclass": "task=multiclass needs classes",
    "data=iris task=binary": "a binary task has two classes, got 3 (setosa,",
    "data=table": "data.path is needed: give data.path=…",
    "data=table data.path=t.csv data.target=ag": "no column ag. Did you mean age?",
    "activation._target_=[relu]": "_target_=['relu']: expected the name of a class",
    "activation._target_=os.system": "activation._target_=os.system is not allowed",
    "loss._target_=torch.nn.MSELos": "loss._target_=torch.nn.MSELos cannot be found",
    "activation=[relu,tanh]": "one per layer: model.activation=[relu,tanh]; one run",
    "model.dropout=0.5": "Did you mean dropout=dropout dropout.p=0.5?",
    "batchnorm=before_activation data.batch_size=1": "batchnorm needs two rows",
    "data=gauss loss.pos_weight=3": "loss.pos_weight=3: expected a list of numbers",
    "data=iris loss.weight=[1,2]": "loss.weight has 2 numbers for 3 classes",
    "data=rows data.inputs=[[1,2]] data.targets=[[1]] initializer=given "
    "initializer.values=[[0.15,0.2],[0.25,0.3]] model.hidden_sizes=[3]": "initializer."
    "values=[[0.15, 0.2], [0.25, 0.3]]: their shape is [2, 2], and the layer takes [3,",
    "data=iris initializer=ones +initializer.values=[[1]]": "initializer.values: ones_ "
    "has no such argument. Allowed: tensor; to take it out: ~initializer.values",
    "data=rows data.inputs=[[1],[2,3]] data.targets=[[1],[1]]": "all of one length",
    "data=rows task=multiclass data.class_names=[a,b,c] data.inputs=[[1],[2]] "
    "data.targets=[1,3]": "data.targets=[1, 3]: class",
    "data=rows task=multiclass data.class_names=[a,b,c] data.inputs=[[1],[2]] "
    "data.targets=[0,1] loss.weight=balanced": "classes without rows",
    "data=rows task=binary data.class_names=[a,b] preprocessing=logit "
    "data.inputs=[[1.2],[0],[1]] data.targets=[0,1,0]": "got 1.2",
    "name=null": "name=null: give letters, digits and ._+-, as in name=mine",
    "name=../elsewhere": "name=../elsewhere: only letters, digits and ._+- are",
    "data.batch_size=1.5": "data.batch_size=1.5: expected int or full or auto",
    "hydra.run.dir=t.csv/x": "Not a directory",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_one_line(mistake: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("age,income\n1,2\n")
    ended = run("train", *mistake.split())
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith("error: ")
    assert MISTAKES[mistake] in line
    assert "epoch 1" not in ended.out
    assert not list(tmp_path.rglob("summary.json"))
    assert not list(tmp_path.glob("logs/*/runs/*"))


def test_a_flag_shows_where_a_mistake_was_found(run: Run) -> None:
    ended = run("train", "optimizer.lr=-1", "--traceback")
    assert ended.code == 1
    assert "Traceback (most recent call last)" in ended.err
    assert "Invalid learning rate: -1" in ended.err


def test_flags_may_stand_between_overrides(run: Run) -> None:
    ended = run("train", "seed=3", "--cfg", "job", "name=mine", "+x=-m")
    assert ended.code == 0, ended.err
    assert {"seed: 3", "name: mine", "x: -m"} <= set(ended.out.splitlines())


def test_a_loss_that_does_not_fit_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "conf" / "loss").mkdir(parents=True)
    (tmp_path / "conf" / "loss" / "odd.yaml").write_text(
        "_target_: torch.nn.PairwiseDistance\n"
    )
    ended = run("train", f"hydra.searchpath=[file://{tmp_path}/conf]", "loss=odd")
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith("error: the loss PairwiseDistance does not take outputs [")
    assert "must match the size" in line


def test_a_bug_keeps_its_traceback(run: Run) -> None:
    unfinished = "+callbacks.x._target_=lightning.pytorch.callbacks.BaseFinetuning"
    ended = run("train", "data=iris", "trainer=cpu", unfinished)
    assert ended.code == 1
    assert "Traceback (most recent call last)" in ended.err
    assert "NotImplementedError" in ended.err


def test_help_lists_groups_and_options(run: Run) -> None:
    ended = run("train", "--help")
    assert ended.code == 0
    for line in (
        "activation: celu, elu, gelu, hardshrink",
        "experiment/sweep: bundled_data",
        "optimizer: adadelta",
    ):
        assert line in ended.out


def test_a_run_that_diverges_ends_with_a_non_zero_exit(run: Run) -> None:
    quick = ["data=diabetes", "trainer=cpu", "callbacks=minimal", "logger=csv"]
    rates = ["optimizer=sgd", "optimizer.lr=1e30"]
    assert run("train", *quick, *rates, "trainer.max_epochs=2").code == 1
    assert run("train", *quick, "trainer.max_epochs=0").code == 0, "nothing diverged"


def test_latest_is_the_newest_run_that_is_done(run: Run, tmp_path: Path) -> None:
    none = run("evaluate", "run=latest")
    assert none.code == 1
    assert none.err == "error: run=latest: no finished run in logs/<name>/runs\n"
    quick = ["data=iris", "trainer=cpu", "trainer.max_epochs=1", "name=mine"]
    run("train", *quick)
    (folder,) = tmp_path.glob("logs/mine/runs/*")
    newer = tmp_path / "logs" / "default" / "runs" / "9999-01-01_00-00-00_a"
    newer.mkdir(parents=True)
    (newer / "summary.json").write_text('{"status": "interrupted"}')
    ended = run("evaluate", "run=latest")
    assert ended.code == 0
    assert f"run          logs/mine/runs/{folder.name}\n" in ended.out


def test_a_switch_is_true_or_false(run: Run) -> None:
    ended = run("evaluate", "run=somewhere", "importance=no")
    assert ended.mistake == "error: importance=no: must be true or false"
