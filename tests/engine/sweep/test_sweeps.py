"""A multirun leaves what the README promises, and says how it went."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from conftest import Run
from omegaconf import OmegaConf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=2")


def folders(tmp_path: Path) -> list[Path]:
    return sorted(
        path.parent for path in tmp_path.glob("logs/*/sweeps/*/*/summary.json")
    )


def summaries(runs: Iterable[Path]) -> list[dict[str, Any]]:
    return [json.loads((folder / "summary.json").read_text()) for folder in runs]


def tree(folder: Path) -> set[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    names = (path.relative_to(folder).as_posix() for path in files)
    return {re.sub(r"tfevents\..*", "tfevents", name) for name in names}


def test_a_sweep_leaves_one_folder_per_run(run: Run, tmp_path: Path) -> None:
    ended = run("train", "-m", "activation=relu,tanh", "seed=3", "name=try", *QUICK)
    assert ended.code == 0
    relu, tanh = folders(tmp_path)
    assert re.fullmatch(r"activation-relu-[0-9a-f]{8}", relu.name)
    assert re.fullmatch(r"activation-tanh-[0-9a-f]{8}", tanh.name)
    stamp = r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[0-9a-f]{8}"
    assert re.fullmatch(stamp, relu.parent.name)
    assert relu.parent.parent == tmp_path / "logs" / "try" / "sweeps"
    for folder in (relu, tanh):
        assert tree(folder) == {
            ".hydra/config.yaml",
            ".hydra/hydra.yaml",
            ".hydra/overrides.yaml",
            "checkpoints/best.ckpt",
            "checkpoints/last.ckpt",
            "events.out.tfevents",
            "metrics.csv",
            "model_card.md",
            "summary.json",
            "train.log",
        }
    assert not EventAccumulator(str(tanh)).Reload().Tags()["graph"]  # a single run's
    assert re.search(r"tanh +done +\d\.\d{4}", ended.out)
    assert f"tensorboard --logdir {relu.parent.relative_to(tmp_path)}" in ended.out


def test_a_run_records_itself_and_its_curves_under_the_same_names(
    run: Run, tmp_path: Path
) -> None:
    ended = run("train", *QUICK, "optimizer=adam")
    (folder,) = tmp_path.glob("logs/default/runs/*")
    assert f"tensorboard --logdir {folder.relative_to(tmp_path)}" in ended.out
    assert ended.err == ""
    (summary,) = summaries([folder])
    assert summary["status"] == "done"
    assert summary["overrides"] == [*QUICK, "optimizer=adam"]
    assert summary["parameters"] == 4 * 64 + 64 + 64 * 64 + 64 + 64 * 3 + 3
    assert summary["iterations"] == 6
    assert summary["versions"]["torch"] == torch.__version__
    assert len(summary["config_hash"]) == 64
    names = ("loss", "accuracy", "f1", "precision", "recall", "auroc")
    metrics = summary["metrics"]
    tags = [f"{n}/{split}" for split in ("train", "val", "test") for n in names]
    assert list(metrics) == tags
    events = EventAccumulator(str(folder)).Reload()
    assert {*tags, "gradient_norm/layer_1", "lr"} < {*events.Tags()["scalars"]}
    assert [event.step for event in events.Scalars("loss/train")] == [3, 6]
    (test,) = events.Scalars("accuracy/test")
    assert test.value == pytest.approx(metrics["accuracy/test"])


def test_a_sweep_ends_with_a_report(run: Run, tmp_path: Path) -> None:
    ended = run("train", "-m", "optimizer=sgd,adam", "seed=range(2)", *QUICK)
    assert re.search(r"optimizer +runs +loss/val +accuracy/test", ended.out)
    assert re.search(r"adam +2 +\d\.\d{4} ± \d\.\d{4} ", ended.out)
    assert re.search(r"best .*\d\.\d{4} ± \d\.\d{4} \(-?\d\.\d{4} to ", ended.out)
    assert re.search(
        r"again +python .*/scripts/train.py optimizer=\w+ (?!seed)", ended.out
    )
    (report,) = tmp_path.glob("logs/*/sweeps/*/report")
    found = folders(tmp_path)
    for row in pl.read_csv(report / "choices.csv").rows(named=True):
        pair = summaries(f for f in found if f"optimizer-{row['optimizer']}+" in f.name)
        mean = sum(summary["best_value"] for summary in pair) / 2
        assert row["best_value mean"] == pytest.approx(mean)
        mean = sum(summary["metrics"]["accuracy/test"] for summary in pair) / 2
        assert row["accuracy/test mean"] == pytest.approx(mean)
    assert {"report.html", "runs.parquet", "ranking.png"} <= {
        path.name for path in report.iterdir()
    }


def test_seeds_repeat_every_combination(run: Run, tmp_path: Path) -> None:
    ended = run("train", "-m", "activation=relu,tanh", "sweep.seeds=2", *QUICK)
    assert ended.code == 0
    names = [folder.name.rsplit("-", 1)[0] for folder in folders(tmp_path)]
    assert names == [
        f"activation-{a}+seed-{s}" for a in ("relu", "tanh") for s in (0, 1)
    ]
    again = re.search(r"again +python .*/scripts/train\.py (.*)", ended.out)
    assert again
    assert run("train", *again[1].split()).code == 0
    (alone,) = summaries(tmp_path.glob("logs/*/runs/*"))
    hashes = [summary["config_hash"] for summary in summaries(folders(tmp_path))]
    assert alone["config_hash"] in hashes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-m", "sweep.seeds=0"), "sweep.seeds=0: expected a number of 1 or more"),
        (("-m", "sweep.seeds=two"), "sweep.seeds=two: expected a number"),
        (("-m", "sweep.seeds=2", "seed=3"), "seed=3: sweep.seeds=2 says which"),
        (("sweep.seeds=2",), "sweep.seeds=2 repeats the runs of a sweep: add -m"),
    ],
)
def test_mistaken_seeds_start_nothing(
    arguments: tuple[str, ...], words: str, run: Run, tmp_path: Path
) -> None:
    ended = run("train", *arguments, *QUICK)
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert words in line
    assert not list(tmp_path.rglob("summary.json"))


def test_pairs_are_swept_without_their_combinations(run: Run, tmp_path: Path) -> None:
    quick = ("trainer=cpu", "trainer.max_epochs=1", "sweep.seeds=1")
    ended = run("train", "experiment=sweep/lr_and_batch", *quick)
    assert ended.code == 0
    configs = [OmegaConf.load(f / ".hydra" / "config.yaml") for f in folders(tmp_path)]
    pairs = {(config.optimizer.lr, config.data.batch_size) for config in configs}
    assert pairs == {(0.001, 32), (0.002, 64), (0.004, 128)}
    assert len(configs) == 3
    assert "{lr:0.002,batch_size:64}" in ended.out


def test_a_sweep_can_be_an_experiment(run: Run, tmp_path: Path) -> None:
    sets = "hydra.sweeper.params.data='iris,wine'"
    ended = run("train", "experiment=sweep/bundled_data", sets, "trainer.max_epochs=1")
    assert ended.code == 0
    names = [folder.name.rsplit("-", 1)[0] for folder in folders(tmp_path)]
    sets_and_seeds = [(data, seed) for data in ("iris", "wine") for seed in range(5)]
    assert names == [f"data-{d}+data.split_seed-{s}" for d, s in sets_and_seeds]


def test_a_tables_task_is_inferred_and_saved(run: Run, tmp_path: Path) -> None:
    """With the task's loss, whose weights make rare classes count as much."""
    lines = [f"{i},{'xyz'[i % 3]},{'' if i % 7 else 1},{i % 2}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,y", *lines]))
    table = ("data=table", "data.path=t.csv", "data.target=y", "loss.weight=balanced")
    ended = run("train", *table, *QUICK[1:])
    assert ended.code == 0
    (path,) = tmp_path.glob("logs/default/runs/*/.hydra/config.yaml")
    config = OmegaConf.load(path)
    assert config.task.name == "binary"
    assert config.loss._target_ == "torch.nn.BCEWithLogitsLoss"
    assert config.loss.pos_weight == "balanced"
    assert "loss=binary_cross_entropy" in ended.out, "the loss that is trained"


def test_a_fault_of_the_data_is_printed_once(run: Run) -> None:
    choices = ["data=table", "data.path=no.csv", "data.target=y", "seed=0,1,2"]
    ended = run("train", "-m", *choices)
    assert ended.code == 1
    assert ended.err.count("no.csv: no such file") == 1
    assert ended.err.count("error: as above") == 2
    table = ended.out.split("not done")[1].split("resume")[0]
    assert table.count("no.csv: no such file") == 1
    assert table.count("as above") == 2


QUIET = (*QUICK, "callbacks=minimal", "logger=none", "model.hidden_sizes=[4]")


@pytest.mark.parametrize(
    ("axes", "line"),
    [
        (["seed=range(5,1)"], "seed=range(5,1) has no value"),
        (["seed=0,1", "activation=glob(zz*)"], "glob(zz*) has no value"),
        (["hydra/sweeper=optuna", "seed=range(5,1)"], "seed=range(5,1) has no value"),
        (["seed=0,1", "hydra.sweep.subdir=x"], "=x: two different runs in one folder"),
    ],
)
def test_sweep_that_trains_nothing_or_overwrites_its_runs_is_an_error(
    axes: list[str], line: str, run: Run, tmp_path: Path
) -> None:
    ended = run("train", "-m", *axes, *QUIET)
    assert ended.code == 1
    assert line in ended.err
    assert ended.err.count("\n") == 1
    assert not list(tmp_path.glob("logs/**/*.yaml"))


def test_folders_may_be_numbers_and_a_resumed_sweep_keeps_them(
    run: Run, tmp_path: Path
) -> None:
    numbers = ("hydra.sweep.dir=s", "hydra.sweep.subdir=${hydra.job.num}", *QUIET)
    assert run("train", "-m", "optimizer.lr=-1,0.1,0.2", *numbers).code == 1
    found = {path.parent.name: path for path in (tmp_path / "s").glob("*/summary.json")}
    rates = {n: json.loads(found[n].read_text())["overrides"][0] for n in found}
    assert rates == {str(n): f"optimizer.lr={r}" for n, r in enumerate([-1, 0.1, 0.2])}
    before = found["2"].read_bytes()
    assert run("train", "-m", "optimizer.lr=-1,0.1,0.2", *numbers).code == 1
    assert found["2"].read_bytes() == before
    ended = run("train", "-m", "optimizer.lr=0.3,0.1,0.2", *numbers)
    assert "2/3" in ended.out or "3 runs: 2 done (skipped)" in ended.out
    ended = run("train", "-m", "optimizer.lr=0.1,0.2,0.3", *numbers)
    assert "two different runs in one folder" in ended.err


def test_value_of_an_option_that_varies_is_a_value_of_each_run(
    run: Run, tmp_path: Path
) -> None:
    axes = ("scheduler=step,multistep", "scheduler.gamma=0.3")
    assert run("train", "-m", *axes, *QUIET).code == 0
    saved = [p.read_text() for p in tmp_path.glob("logs/*/sweeps/*/*/.hydra/config*")]
    assert len(saved) == 2
    assert all("gamma: 0.3" in text for text in saved)


def test_latest_sweep_is_refused_if_it_is_of_another_question(
    run: Run, tmp_path: Path
) -> None:
    assert run("train", "-m", "seed=0,1", *QUIET).code == 0
    latest = ("-m", "sweep.resume=latest", *QUIET)
    ended = run("train", *latest, "activation=tanh,gelu")
    assert ended.code == 1
    assert "has no run of this command: to add runs to it nevertheless, give" in (
        ended.err
    )
    assert len(list(tmp_path.glob("logs/*/sweeps/*/*/summary.json"))) == 2
    assert "2 done (skipped), 1 new" in run("train", *latest, "seed=0,1,2").out
    given = ended.err.split("sweep.resume=")[-1].strip()
    ended = run("train", "-m", f"sweep.resume={given}", *QUIET, "activation=tanh,gelu")
    assert ended.code == 0
