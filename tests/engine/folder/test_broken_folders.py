"""Files of a run's folder that are broken in any way: one line, and nothing is run."""

import json
import shutil
from pathlib import Path

import pytest
from scripted import scripted
from strangers import copied, run_and_table

from litmlp.engine.folder import run_folder

MARK = "touched"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_and_table(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def folder(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return copied(finished, tmp_path)


def check_uses() -> None:
    """Use the folder in each way: it works, or the mistake is one line."""
    for command in (
        ("train", "resume=run", "trainer.max_epochs=2"),
        ("evaluate", "run=run"),
        ("report", "runs=[run]"),
    ):
        code, said = scripted(*command)
        assert said.count("\n") == (code == 1) == said.startswith("error: ")


CONTENTS = {
    "config.yaml deep enough": "data: {x: " + "[" * 200 + "]" * 200 + "}\n",
    "config.yaml whose tag runs code": f"x: !!python/object/apply:os.mkdir [{MARK}]",
    "overrides.yaml of other types": "- a\n- {b: c}\n- null\n",
    "summary.json deep": "[" * 100_000,
    "summary.json of other types": json.dumps(
        {"status": "done", "metrics": 5, "monitor": [], "overrides": {"a": 1}}
    ),
}


@pytest.mark.parametrize("content", CONTENTS)
def test_a_broken_file_is_one_line_or_not_needed(content: str, folder: Path) -> None:
    name, _ = content.split(maxsplit=1)
    path = folder / ("" if name == "summary.json" else ".hydra") / name
    path.write_text(CONTENTS[content])
    check_uses()
    assert not Path(MARK).exists()


@pytest.mark.parametrize("kept", [True, False])
def test_broken_metrics_are_one_line_and_stay(kept: bool, folder: Path) -> None:
    content = "step,x\nten,1\n"
    (folder / "metrics.csv").write_text(content)
    if not kept:  # killed before its first checkpoint
        shutil.rmtree(folder / "checkpoints")
        summary = run_folder.read_summary(folder) | {"status": "interrupted"}
        run_folder.write_summary(folder, summary)
    code, said = scripted("train", "resume=run", *["trainer.max_epochs=2"] * kept)
    assert code == 1
    (line,) = said.splitlines()
    assert "metrics.csv is broken (" in line
    assert (folder / "metrics.csv").read_text() == content
