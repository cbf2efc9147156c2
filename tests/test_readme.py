"""Every command of the README runs, and every file it names is there."""

import re
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Run

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)


def commands_of(block: str) -> list[str]:
    """Return the commands of a block."""
    lines = [line.split(" #")[0].strip() for line in block.splitlines()]
    return [line for line in lines if line.startswith("python scripts/")]


def words(command: str) -> tuple[str, list[str]]:
    _, script, *arguments = command.replace("'", "").split()
    return Path(script).stem, arguments


@pytest.mark.parametrize("block", range(len(BLOCKS)))
def test_commands_run_one_after_the_other(block: int, run: Run, tmp_path: Path) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    for command in commands_of(BLOCKS[block]):
        script, arguments = words(command)
        quick = ["trainer=cpu", "trainer.max_epochs=1"] * (script == "train")
        ended = run(script, *arguments, *quick)
        assert (ended.code, ended.err) == (0, ""), command


def test_there_are_commands_to_test() -> None:
    commands = [command for block in BLOCKS for command in commands_of(block)]
    scripts = {words(command)[0] for command in commands}
    assert scripts == {"train", "predict", "evaluate", "export", "report", "gallery"}
    assert len(commands) > 15


def test_make_train_passes_arguments_on(tmp_path: Path) -> None:
    arguments = f"data=wine optimizer=sgd trainer.max_epochs=1 hydra.run.dir={tmp_path}"
    subprocess.run(["make", "train", f"ARGS={arguments}"], cwd=ROOT, check=True)
    assert "optimizer=sgd" in (tmp_path / ".hydra" / "overrides.yaml").read_text()
    assert (tmp_path / "summary.json").is_file()


def test_the_example_in_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "conf" / "README.md").read_text().split("## With Lightning alone")[1]
    (example,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    names: dict[str, Any] = {}
    with warnings.catch_warnings(action="ignore"):  # of workers and devices
        exec(example, names)
    assert names["probabilities"].shape == (150, 3)
    right = names["probabilities"].argmax(1) == names["data"].samples.targets
    assert right.float().mean() > 0.8


def test_the_example_with_tables_in_memory_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "conf" / "README.md").read_text().split("## From Python")[1]
    example = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0]
    quick = '"data=wine", "trainer=cpu", "trainer.max_epochs=2"'
    names: dict[str, Any] = {}
    exec(example.replace('"data=wine"', quick), names)
    assert names["model"].predict(names["people"].drop("income")).shape == (240,)
    assert names["runs"].height == 2


def test_named_files_exist() -> None:
    for path in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / path.split("#")[0]).exists(), path
    layout = README.split("## What you own")[1]
    for name in re.findall(r"\b(\w+\.py)\b", layout):
        assert any(list(ROOT.glob(f"{top}/**/{name}")) for top in ("src", "tests"))
