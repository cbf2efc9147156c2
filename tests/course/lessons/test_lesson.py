"""A lesson, from the command to its verdict; the same verdict from its folders."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from omegaconf import OmegaConf

from litmlp.course.lessons.claims import Claim
from litmlp.course.lessons.lesson import Lesson
from litmlp.course.lessons.measures import at_best
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.folder import run_folder
from litmlp.errors import UserError

SYMMETRY = (
    "experiment=lesson/symmetry",
    "hydra.sweeper.params.initializer='constant,kaiming_uniform'",
    "hydra.sweeper.params.seed='range(2)'",
    "trainer=cpu",
    "trainer.max_epochs=2",
)
STAYS_ALIKE = "units that start with equal weights keep equal weights"


def verdicts(content: dict[str, Any]) -> dict[str, str]:
    return {each["claim"]["says"]: each["verdict"] for each in content["claims"]}


def test_a_lesson_ends_with_a_verdict_that_its_folders_give_again(
    run: Run, tmp_path: Path
) -> None:
    ended = run("train", *SYMMETRY)
    assert ended.code == 0
    (sweep,) = tmp_path.glob("logs/*/sweeps/*")
    assert f"{sweep.relative_to(tmp_path)}/lesson.png" in ended.out
    assert (sweep / "lesson.png").read_bytes().startswith(b"\x89PNG")
    assert re.search(rf"{STAYS_ALIKE} +supported +1 \(1 to 1\) +2", ended.out)

    content = json.loads((sweep / "verdict.json").read_text())
    assert verdicts(content)[STAYS_ALIKE] == "supported"
    assert verdicts(content)["from zeros it does not learn at all"] == "not measured"

    folder = next(sweep.glob("*/summary.json")).parent
    lesson = construct_node(run_folder.read_config(folder).lesson, "lesson")
    found = lesson.judge(sweep).judgements
    assert [each.verdict for each in found] == list(verdicts(content).values())


def test_a_mistaken_lesson_is_refused_before_training(run: Run, tmp_path: Path) -> None:
    ended = run("train", *SYMMETRY, "+lesson.questoin=why")
    assert ended.code == 1
    assert "lesson.questoin: Lesson has no such argument" in ended.err
    assert not list(tmp_path.glob("logs/*/sweeps/*/*/summary.json"))


def test_what_was_not_recorded_is_said_in_a_line(run: Run) -> None:
    ended = run("train", *SYMMETRY, "logger=none")
    assert ended.code == 1
    assert "has no metrics.csv: choose logger=default" in ended.err


def test_a_claim_is_about_a_measure() -> None:
    claim = Claim(says="x", measure="accurcy", of={}, above=0)
    with pytest.raises(UserError, match=r"claim 'x': .* Did you mean accuracy\?"):
        Lesson(question="?", measures={"accuracy": at_best}, claims=[claim])


def test_a_lesson_does_not_change_the_hash_of_its_runs() -> None:
    plain = OmegaConf.create({"seed": 0, "lesson": None})
    lesson = OmegaConf.create({"seed": 0, "lesson": {"question": "?"}})
    assert run_folder.config_hash(plain) == run_folder.config_hash(lesson)
