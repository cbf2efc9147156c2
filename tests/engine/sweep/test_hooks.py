"""What a sweep says at its end."""

from pathlib import Path

from litmlp.engine.sweep.hooks import MOST_TICKED, how_to_look


def test_a_sweep_that_tensorboard_shows_no_run_of_says_what_to_tick(
    tmp_path: Path,
) -> None:
    for number in range(10, 10 + MOST_TICKED + 1):
        assert how_to_look(tmp_path) == f"tensorboard --logdir {tmp_path}"
        (tmp_path / f"seed-{number}-0a1b2c3d").mkdir()
        (tmp_path / f"seed-{number}-0a1b2c3d" / "summary.json").touch()
    hint = how_to_look(tmp_path)
    assert "it ticks none of 41 runs" in hint
    assert "such as seed-10, into" in hint
