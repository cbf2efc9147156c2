"""A run goes on from what its folder holds when it is held, not from before."""

import shutil
from pathlib import Path

import pytest
from conftest import Compose

from litmlp.engine.folder.run_folder import read_summary, write_summary
from litmlp.engine.run.resume_point import StartingPoint
from litmlp.engine.run.train import train
from litmlp.errors import UserError

QUICK = ("data=iris", "trainer=cpu", "callbacks=minimal", "logger=csv")


def test_a_run_that_another_has_trained_meanwhile_is_left_to_it(
    config: Compose,
) -> None:
    composed = config(*QUICK, "trainer.max_epochs=2")
    folder, first = Path(composed.folder), Path(composed.folder + "-first")
    train(composed)
    with pytest.raises(UserError, match="holds a finished run"):
        StartingPoint(folder, composed).read()
    write_summary(folder, read_summary(folder) | {"status": "interrupted"})
    start = StartingPoint(folder, composed)
    assert start.read() == start.read_again()
    assert start.point is not None
    (folder / "checkpoints").rename(first)
    start.read()
    assert start.point is None
    shutil.copytree(first, folder / "checkpoints")
    with pytest.raises(UserError, match="another process has trained it since"):
        start.read_again()
