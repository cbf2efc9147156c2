"""The lessons in conf/: each runs, and comes out as its README says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import CONF, Run
from omegaconf import OmegaConf

FOLDER = CONF / "experiment" / "lesson"
LESSONS = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def row(lesson: str) -> str:
    """The line of the README's table that has the lesson's command."""
    lines = (FOLDER / "README.md").read_text().splitlines()
    (line,) = [line for line in lines if f"`experiment=lesson/{lesson}`" in line]
    return line


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_claims_of_the_readme_are_swept_over_five_seeds_or_more(
    lesson: str,
) -> None:
    config: Any = OmegaConf.load(FOLDER / f"{lesson}.yaml")
    content, params = config.lesson, config.hydra.sweeper.params
    repeats = params.get("seed") or params.get("data.split_seed")
    assert int(re.fullmatch(r"range\((\d+)\)", repeats)[1]) >= 5
    assert content.question in row(lesson)
    for claim in content.claims:
        assert re.search(rf"[✓✗] {re.escape(claim.says)}: ", row(lesson))
        for key, value in [*claim.of.items(), *(claim.get("against") or {}).items()]:
            assert str(value) in params[key].split(",")


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_single_run_of_it_works(lesson: str, run: Run) -> None:
    once = ("hydra.mode=RUN", "trainer=cpu", "trainer.max_epochs=0", "logger=none")
    assert run("train", f"experiment=lesson/{lesson}", *once).err == ""


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_it_comes_out_as_the_readme_says(lesson: str, run: Run, tmp_path: Path) -> None:
    assert run("train", f"experiment=lesson/{lesson}", "trainer=cpu").code == 0
    (path,) = tmp_path.glob("logs/*/sweeps/*/verdict.json")
    for judgement in json.loads(path.read_text())["claims"]:
        mark = "✓" if judgement["verdict"] == "supported" else "✗"
        assert f"{mark} {judgement['claim']['says']}: " in row(lesson)


def test_the_readmes_example_of_ones_own_works(run: Run, tmp_path: Path) -> None:
    text = (FOLDER / "README.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    own = tmp_path / "conf" / "experiment" / "lesson"
    own.mkdir(parents=True)
    (own / "width.yaml").write_text(example)
    quick = ("trainer=cpu", "trainer.max_epochs=2", "hydra.sweeper.params.seed='0,1'")
    search_path = f"hydra.searchpath=[file://{tmp_path}/conf]"
    ended = run("train", search_path, "experiment=lesson/width", *quick)
    assert ended.code == 0
    assert re.search(r"half as many epochs or fewer +not supported +×1 ", ended.out)
