"""Hostile files run no code, lead nowhere and learn nothing of the environment."""

import json
import os
import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Run, files_of
from strangers import ROWS, copied, run_and_table, spoil

from litmlp.engine.predict.evaluate_file import evaluate_file
from litmlp.engine.predict.evaluate_run import evaluate_run
from litmlp.engine.predict.export import export
from litmlp.engine.predict.trained_model import trained
from litmlp.engine.report.make_report import report_runs
from litmlp.engine.terminal.console import as_text, only_logged, printable
from litmlp.errors import UserError

TOKEN = "tok3n-of-the-environment"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_and_table(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil, as if it came from a stranger."""
    return copied(finished, tmp_path)


def use(folder: Path) -> None:
    """All that reads a run's folder."""
    with trained(folder):
        pass
    evaluate_run(folder)


MARK = "touched"


class Pickled:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {MARK}",)


@pytest.mark.parametrize("whole", [True, False])
def test_a_checkpoint_runs_no_code(
    whole: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    path = folder / "checkpoints" / "best.ckpt"
    (folder / "checkpoints" / "last.ckpt").unlink()
    content = Pickled() if whole else torch.load(path) | {"facts": Pickled()}
    torch.save(content, path)
    with pytest.raises(UserError, match="damaged"):
        use(folder)
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(UserError, match="damaged"):
        use(folder)
    assert not (folder / MARK).exists()


@pytest.mark.parametrize("place", ["evaluations", "exports", "checkpoints/last.ckpt"])
def test_a_link_leads_nowhere(place: str, folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = folder / place
    path.unlink(missing_ok=True)
    path.symlink_to(elsewhere)
    with pytest.raises(UserError, match="is a link that leads out of"):
        use(folder)
    assert not any(elsewhere.iterdir())


@pytest.mark.parametrize("place", ["report", "report/runs.csv"])
def test_a_report_stays_where_it_is(place: str, folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (folder.parent / place).parent.mkdir(exist_ok=True)
    (folder.parent / place).symlink_to(victim)
    with pytest.raises(UserError, match="is a link that leads out of"):
        report_runs([str(folder.parent)])
    assert not any(victim.iterdir())


@pytest.mark.parametrize("name", ["..csv", " .csv", "-n.csv"])
def test_any_name_of_a_file_has_a_folder_of_its_own(name: str, folder: Path) -> None:
    (folder.parent / name).write_text(ROWS)
    before = files_of(folder)
    (folder / "evaluations" / "earlier").mkdir(parents=True)
    with trained(folder) as model, only_logged(True):
        evaluate_file(model, str(folder.parent / name))
    assert (folder / "evaluations" / "earlier").is_dir()
    assert len(list((folder / "evaluations").iterdir())) == 2
    assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.parametrize("place", ["run", "best.json.partial", "report"])
def test_a_sweep_that_goes_on_stays_where_it_is(
    place: str, finished: Path, run: Run, tmp_path: Path
) -> None:
    """A failed run is removed before it is trained again, but nothing elsewhere."""
    victim = Path(shutil.copytree(finished, tmp_path / "victim"))
    before = files_of(victim)
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "multirun.yaml").touch()
    (tmp_path / "sweep" / place).symlink_to(victim / "run")
    for sweep in ("sweep.resume=sweep", "hydra.sweep.dir=sweep"):
        ended = run("train", "-m", "data=iris", "seed=0,1", sweep)
        line = ended.mistake
        assert f"sweep/{place} is a link that leads out of sweep: remove it" in line
    after = files_of(victim)
    assert after == before


@pytest.mark.parametrize("place", ["train.log", "summary.json.partial"])
def test_a_run_that_is_begun_stays_where_it_is(
    place: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / place).symlink_to(tmp_path / "victim")
    ended = run("train", "data=iris", "hydra.run.dir=new")
    line = ended.mistake
    assert f"new/{place} is a link that leads out of new: remove it" in line
    assert not (tmp_path / "victim").exists()


OUTSIDE: dict[str, Any] = {
    "callbacks": {
        "_target_": "lightning.pytorch.callbacks.ModelCheckpoint",
        "dirpath": "/tmp/elsewhere",
    },
    "logger": {
        "_target_": "lightning.pytorch.loggers.CSVLogger",
        "save_dir": "${folder}/../..",
    },
}


@pytest.mark.parametrize("section", OUTSIDE)
def test_a_run_that_goes_on_writes_into_its_folder_alone(
    section: str, run: Run, tmp_path: Path
) -> None:
    quick = ["data=iris", "trainer.max_epochs=1", "model.hidden_sizes=[2]"]
    quick += ["callbacks=minimal", "logger=csv", "hydra.run.dir=here"]
    assert run("train", *quick).code == 0
    spoil(
        tmp_path / "here", lambda content: content[section].update(x=OUTSIDE[section])
    )
    ended = run("train", "resume=here", "trainer.max_epochs=2")
    assert ended.code == 1
    assert "a resumed run writes into its own folder" in ended.err
    (tmp_path / "here" / "train.log").unlink()
    (tmp_path / "here" / "train.log").symlink_to(tmp_path / "victim")
    ended = run("train", "resume=here", "trainer.max_epochs=2")
    assert ended.code == 1
    assert "is a link that leads out of" in ended.err
    assert not (tmp_path / "victim").exists()


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TOKEN", TOKEN)
    return TOKEN


def holders(folder: Path, secret: str) -> list[Path]:
    """Files that hold a secret; the data and what is logged of them are left out."""
    files = [
        path
        for path in folder.rglob("*")
        if (path.is_file() and path.suffix not in (".csv", ".log"))
        or path.name == "metrics.csv"
    ]
    return [path for path in files if secret.encode() in path.read_bytes()]


def test_what_is_saved_of_a_run_holds_no_secret(
    secret: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / secret).mkdir()
    (tmp_path / secret / f"{secret}.csv").write_text(ROWS)
    experiment = ["hydra.searchpath=[file://own]", "+extra=mine"]
    (tmp_path / "own" / "extra").mkdir(parents=True)
    text = "# @package _global_\nnote: ${oc.env:TOKEN}\ndata: {drop: [note]}\n"
    (tmp_path / "own" / "extra" / "mine.yaml").write_text(text)
    path = f"data.path={tmp_path}/${{oc.env:TOKEN}}/${{note}}.csv"
    quick = ["trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[2]"]
    table = ["data=table", path, "data.target=y", "callbacks=full"]
    command = [*experiment, *table, *quick, "+again=${oc.env:TOKEN}"]
    ended = run("train", *command, "hydra.run.dir=here")
    assert ended.code == 0, ended.err
    swept = run("train", "-m", *command, "seed=1", "hydra.sweep.dir=there")
    assert swept.code == 0, swept.err
    assert not holders(tmp_path, secret)


def test_a_stored_config_learns_no_secret(secret: str, folder: Path) -> None:
    spoil(folder, lambda content: content["data"].update(drop=["${oc.env:TOKEN}"]))
    export(folder, format="onnx")
    assert not holders(folder, secret)


HOSTILE = "\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>|=1+1\u202e"


def test_a_terminal_gets_no_commands(folder: Path, capfd: Any) -> None:
    summary = folder / "summary.json"
    content = json.loads(summary.read_text()) | {"overrides": [f"+note={HOSTILE}"]}
    summary.write_text(json.dumps(content))
    other = shutil.copytree(folder, folder.parent / "b\x1b[2J")
    content |= {"status": "failed", "error": HOSTILE, "best_value": None}
    (other / "summary.json").write_text(json.dumps(content))
    report_runs([str(folder.parent)])
    shown = capfd.readouterr().out
    assert "<script>" in shown
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", shown)
    html = (folder.parent / "report" / "report.html").read_text()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", html)
    assert "\x1b" not in as_text(HOSTILE)
    assert printable("Ölfaß – 5 µm\n") == "Ölfaß – 5 µm\n"
