"""The examples of what a prediction is worth run, and show what they claim."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def names_of(example: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "examples" / f"{example}.py"))


def test_calibration_makes_probabilities_more_honest() -> None:
    losses = names_of("calibration")["losses"]
    assert losses["temperature"] < losses["none"]
    assert losses["isotonic"] < losses["none"]


def test_a_tuned_threshold_finds_more_of_a_rare_class() -> None:
    names = names_of("threshold")
    assert names["tuned"].best_threshold_ < 0.5
    assert names["scores"]["tuned"] > names["scores"]["one half"] + 0.02


def test_partial_dependence_is_drawn_of_the_most_important_columns() -> None:
    names = names_of("partial_dependence")
    chosen = {names["bunch"].feature_names[i] for i in names["most"]}
    assert {"bmi", "s5"} <= chosen  # those of a linear regression, too
    assert Path("partial_dependence.png").stat().st_size > 10_000
    assert [path.name for path in Path().iterdir()] == ["partial_dependence.png"]
