"""The program litmlp: its commands, the form of commands that it prints, completion."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CONF, ROOT

import litmlp
from litmlp.__main__ import TASKS, main
from litmlp.engine import commands
from litmlp.engine.option_folders import CONF as FOUND
from litmlp.engine.terminal.wording import command_words


@pytest.mark.parametrize(
    ("called", "words"),
    [
        ("/env/bin/litmlp", ["litmlp", "train"]),
        ("/src/litmlp/__main__.py", ["python", "-m", "litmlp", "train"]),
        ("scripts/report.py", ["python", "scripts/train.py"]),
        ("notebook.py", ["litmlp", "train"]),
        ("/lib/pytest/__main__.py", ["litmlp", "train"]),
    ],
)
def test_commands_are_printed_in_the_form_of_the_call(
    called: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    assert command_words("train") == words


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (["trian"], "error: trian: no such command. Did you mean train? Allowed: copy"),
        (["gallery", "--foo"], "error: unrecognized arguments: --foo; litmlp --help"),
        (["gallery", "x"], "error: x: the gallery has no such group. Allowed: activat"),
    ],
)
def test_a_mistake_in_a_command_is_one_line(
    typed: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(typed)
    assert end.value.code == 1
    said = capsys.readouterr()
    assert said.err.startswith(line)
    assert said.err.count("\n") == 1
    assert not said.out


def test_without_the_course_there_is_no_gallery(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "litmlp.course", None)
    with pytest.raises(SystemExit):
        main(["gallery", "dropout"])
    assert "gallery: no such command. " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "gallery" not in capsys.readouterr().out


def test_every_command_with_overrides_has_a_task_and_a_config() -> None:
    assert FOUND == CONF
    assert TASKS.keys() == commands.TASKS.keys()
    for name in TASKS:
        assert (CONF / f"{name}.yaml").is_file()
        assert (ROOT / "scripts" / f"{name}.py").is_file()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("litmlp t", ["train"]),
        ("litmlp s", ["status", "schema"]),
        ("litmlp train data=w", ["data=wine"]),
        ("litmlp train data=wine optimizer.be", ["optimizer.betas."]),
        ("litmlp gallery act", []),
    ],
)
def test_a_shell_completes_commands_and_overrides(
    line: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMP_LINE", line)  # as Hydra's function for bash sets it
    monkeypatch.setattr(sys, "argv", ["litmlp", "-sc", "query=bash"])
    with contextlib.suppress(SystemExit):
        main()
    said = capfd.readouterr()
    assert (said.out.split(), said.err) == (words, "")


def python(code: str) -> str:
    """Return what a process prints that runs this code."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_help_of_the_program_loads_neither_hydra_nor_torch() -> None:
    said = python(
        "import sys, litmlp.__main__\n"
        "try: litmlp.__main__.main(['--help'])\n"
        "finally: print(sys.modules.keys() & {'torch', 'hydra', 'rich', 'omegaconf'})"
    )
    assert said.endswith("set()\n")
    for name in (*TASKS, "gallery"):
        assert f"\n    {name} " in said


def test_import_of_the_package_loads_no_library() -> None:
    said = python(
        "import sys; before = {*sys.modules}; import litmlp; dir(litmlp)\n"
        "loaded = {name.split('.')[0] for name in {*sys.modules} - before}\n"
        "print(*loaded - sys.stdlib_module_names)"
    )
    assert said.split() == ["litmlp"]


def test_the_changelog_says_what_to_change_for_this_release() -> None:
    _, *releases = (ROOT / "CHANGELOG.md").read_text().split("\n## ")
    assert releases[0].startswith(f"{litmlp.__version__}\n")
    assert "\nTo change:" in releases[0]
    major, minor, _ = litmlp.__version__.split(".")
    kept = [path.name for path in (ROOT / "tests" / "projects").iterdir()]
    assert f"{major}.{minor}.0" in kept, "keep what litmlp new makes in each release"
