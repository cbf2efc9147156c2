"""The range test suggests a rate, and changes no bit of the run."""

import re
from pathlib import Path

import pytest
import torch
from conftest import Run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litmlp.callbacks.learning_rate_range import sound_points, suggestion

DIGITS = ("data=digits", "trainer=cpu", "trainer.max_epochs=1")


def test_a_run_has_the_same_bits_with_a_range_test(run: Run, tmp_path: Path) -> None:
    assert run("train", *DIGITS, "hydra.run.dir=plain").code == 0
    ended = run("train", *DIGITS, "callbacks=lr_range", "hydra.run.dir=tested")
    assert (ended.code, ended.err) == (0, "")
    (rate,) = re.findall(r"range test +suggests optimizer\.lr=(\S+)", ended.out)
    assert 1e-3 < float(rate) < 0.1
    plain, tested = (
        torch.load(tmp_path / name / "checkpoints" / "last.ckpt")
        for name in ("plain", "tested")
    )
    for name, weight in plain["state_dict"].items():
        assert torch.equal(weight, tested["state_dict"][name])
    assert plain["global_step"] == tested["global_step"] == 36
    assert plain["epoch_state"]["samples"] == tested["epoch_state"]["samples"]
    events = EventAccumulator(str(tmp_path / "tested")).Reload()
    assert "learning_rate_range" in events.Tags()["images"]
    assert (tmp_path / "tested" / "figures" / "learning_rate_range.png").is_file()


@pytest.mark.parametrize(
    ("losses", "rate"),
    [
        ([9.0, 5.0, 5.0, 4.0, 2.0, 8.0], 1e-3),  # at the smallest loss, 1e-2
        ([1.0, 1.0, 5.0, 4.0, 6.0, 6.0, float("nan")], 1e-4),
        ([1.0, 1.0, 2.0, 3.0, 4.0, 5.0], None),
        ([], None),
    ],
)
def test_a_tenth_of_the_best_rate_is_suggested(
    losses: list[float], rate: float | None
) -> None:
    rates = [10.0 ** (n - 6) for n in range(len(losses))]
    assert suggestion(sound_points(rates, losses)) == (rate and pytest.approx(rate))
