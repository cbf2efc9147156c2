"""Files for the repository's host and for editors: they parse, and name what exists."""

import re
import tomllib

import pytest
import yaml
from conftest import ROOT

FILES = [
    ".github/workflows/test.yml",
    ".github/ISSUE_TEMPLATE/config.yml",
    ".github/ISSUE_TEMPLATE/fault.yml",
    ".github/ISSUE_TEMPLATE/idea.yml",
    ".pre-commit-config.yaml",
    ".devcontainer/devcontainer.json",
    ".vscode/settings.json",
    "CITATION.cff",
]
GUIDES = [".github/CONTRIBUTING.md", ".github/SECURITY.md"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_parses_and_names_no_address(name: str) -> None:
    text = re.sub(r"//.*", "", (ROOT / name).read_text())  # comments of JSON
    assert yaml.safe_load(text)  # JSON is YAML
    assert "://" not in (ROOT / name).read_text()


def test_the_workflow_runs_the_readme_command_on_each_python() -> None:
    job = yaml.safe_load((ROOT / FILES[0]).read_text())["jobs"]["test"]
    assert job["steps"][-1]["run"].startswith("make test")
    assert "make test" in (ROOT / "README.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = job["strategy"]["matrix"]["python"][0]
    assert project["requires-python"] == f">={oldest}"


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_names_files_that_exist(name: str) -> None:
    named = re.findall(r"`((?:src|conf|tests)/[\w./]+)`", (ROOT / name).read_text())
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


def test_the_package_says_that_it_has_types() -> None:
    assert (ROOT / "src/litmlp/py.typed").is_file()
