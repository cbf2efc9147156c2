"""The same seed gives the same bits, whatever the number of threads, if it is kept."""

from pathlib import Path

import pytest
from interrupted import differences, run
from torch import Tensor

from litmlp.engine.folder import checkpoints, run_folder

COMMAND = (
    *("data=digits", "data.batch_size=128", "trainer=cpu", "trainer.max_epochs=1"),
    "dropout=dropout",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run with one thread, and twice with two."""
    home = tmp_path_factory.mktemp("trained")
    for name, threads in (("one", 1), ("two", 2), ("again", 2)):
        run(home / name, *COMMAND, f"num_threads={threads}")
    return home


def test_a_seed_gives_the_same_bits_again_with_two_threads(trained: Path) -> None:
    assert differences(trained / "two", trained / "again") == []


def weights(folder: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = checkpoints.best(folder)["state_dict"]
    return {name: value for name, value in state.items() if value.is_floating_point()}


def test_another_number_of_threads_rounds_otherwise_and_no_more(trained: Path) -> None:
    one, two = weights(trained / "one"), weights(trained / "two")
    for name, value in one.items():
        apart = (value - two[name]).abs().max() / value.abs().max()
        assert apart < 1e-4, name
    first, second = (
        run_folder.read_summary(trained / n)["metrics"] for n in ("one", "two")
    )
    assert first["loss/test"] == pytest.approx(second["loss/test"], rel=1e-4)
