"""What the loggers write, and where on the axis."""

from pathlib import Path

import pytest
from conftest import Run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


@pytest.mark.parametrize(
    ("axis", "expected"),
    [("step", [10, 20]), ("epoch", [1, 2]), ("samples", [96, 192])],
)
def test_curves_lie_on_the_axis_that_was_chosen(
    axis: str, expected: list[int], run: Run, tmp_path: Path
) -> None:
    quick = ["data=iris", "data.batch_size=10", "trainer=cpu", "trainer.max_epochs=2"]
    folder = tmp_path / "run"
    run("train", *quick, f"logger.x_axis={axis}", f"hydra.run.dir={folder}")
    events = EventAccumulator(str(folder)).Reload()
    for tag in ("loss/train", "loss/val"):
        assert [point.step for point in events.Scalars(tag)] == expected
    assert [point.step for point in events.Scalars("accuracy/test")] == expected[-1:]
    assert "samples" not in events.Tags()["scalars"]


def test_no_other_axis_is_taken(run: Run) -> None:
    ended = run("train", "data=iris", "logger.x_axis=hours")
    assert ended.code == 1
    assert "x_axis=hours: no such choice. Allowed: epoch, samples, step" in ended.err
