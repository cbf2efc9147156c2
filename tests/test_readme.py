"""Every command of the README runs, and every file it names is there."""

import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, Run

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    line.split(" #")[0].strip()
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("python scripts/")
]


def words(command: str) -> tuple[str, list[str]]:
    _, script, *arguments = command.replace("'", "").split()
    return Path(script).stem, arguments


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs(command: str, run: Run, tmp_path: Path) -> None:
    rows = (f"{age},{age * 0.5},{age * 3.25 % 17}" for age in range(20, 60))
    (tmp_path / "people.csv").write_text("\n".join(["age,height,income", *rows]))
    script, arguments = words(command)
    if "run=<folder>" in arguments:
        run("train", "data=iris", "trainer.max_epochs=1")
        (folder,) = tmp_path.glob("logs/*/runs/*")
        ended = run(script, f"run={folder}")
    else:
        ended = run(script, *arguments, "trainer=cpu", "trainer.max_epochs=1")
    assert ended.err == ""
    assert ended.code == 0


def test_there_are_commands_to_test() -> None:
    scripts = {words(command)[0] for command in COMMANDS}
    assert scripts == {"train", "evaluate"}
    assert len(COMMANDS) > 9


def test_make_train_passes_arguments_on(tmp_path: Path) -> None:
    arguments = f"data=wine optimizer=sgd trainer.max_epochs=1 hydra.run.dir={tmp_path}"
    subprocess.run(["make", "train", f"ARGS={arguments}"], cwd=ROOT, check=True)
    assert "optimizer=sgd" in (tmp_path / ".hydra" / "overrides.yaml").read_text()
    assert (tmp_path / "summary.json").is_file()


def test_named_files_exist() -> None:
    for path in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / path).exists(), path
    layout = README.split("## Layout")[1]
    for name in re.findall(r"\b(\w+\.py)\b", layout):
        assert list(ROOT.glob(f"src/**/{name}")) or (ROOT / "scripts" / name).exists()
