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
    "no text": ("config", bytes(range(256))),
    "one number": ("config", b"5"),
    "deep enough": ("config", b"data: {x: " + b"[" * 200 + b"]" * 200 + b"}\n"),
    "a tag that runs code": (
        "config",
        b"x: !!python/object/apply:os.system ['touch touched']",
    ),
    "a list": ("overrides", b"- a\n- {b: c}\n- null\n"),
    "a name that is not there": ("hydra", b"- ${oc.env:HOME}\n- ${evil\n"),
}


@pytest.mark.parametrize("content", CONTENTS)
def test_a_broken_config_is_one_line_or_not_needed(content: str, folder: Path) -> None:
    name, written = CONTENTS[content]
    (folder / ".hydra" / f"{name}.yaml").write_bytes(written)
    check_uses()
    assert not Path(MARK).exists()


SUMMARIES = {
    "deep": "[" * 100_000,
    "a number of a thousand digits": '{"status": 1' + "9" * 9999 + "}",
    "of other types": json.dumps(
        {"status": "done", "metrics": 5, "monitor": [], "overrides": {"a": 1}}
    ),
}


@pytest.mark.parametrize("content", SUMMARIES)
def test_a_broken_summary_is_one_line_or_not_needed(content: str, folder: Path) -> None:
    (folder / "summary.json").write_text(SUMMARIES[content])
    check_uses()


@pytest.mark.parametrize(
    "content",
    ["a,b\n1,2\n", "step,x\nten,1\n", 'step,"' + "x" * 200_000],
)
@pytest.mark.parametrize("kept", [True, False])
def test_broken_metrics_are_one_line_and_stay(
    content: str, kept: bool, folder: Path
) -> None:
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
