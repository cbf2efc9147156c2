"""From arguments to pictures: files, options of one's own, mistakes."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from built import parts
from conftest import CONF, Run
from matplotlib.image import imread

from litmlp.course.gallery.draw import GROUPS, draw_gallery, fix_random_numbers
from litmlp.course.gallery.options import Option, choose
from litmlp.errors import UserError


@pytest.fixture
def own_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of conf/ to add files to."""
    shutil.copytree(CONF, tmp_path / "conf")
    monkeypatch.setattr("litmlp.engine.option_folders.CONF", tmp_path / "conf")
    return tmp_path / "conf"


def pictures(folder: Path) -> list[str]:
    return sorted(f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.png"))


def with_one_per_group_first() -> Iterator[Any]:
    """All options; those beyond the first of each group are slow tests."""
    seen = set[str]()
    for option in choose([]):
        slow = option.group in seen
        seen.add(option.group)
        yield pytest.param(option, marks=[pytest.mark.slow] * slow, id=option.headline)


@pytest.mark.parametrize("option", [*with_one_per_group_first()])
def test_every_option_is_drawn(option: Option) -> None:
    group = GROUPS[option.group]
    with fix_random_numbers():
        figure = group.draw(group.measure(*parts(option.group, option.name)))
    for panel in figure.axes:
        marks = [*panel.lines, *panel.patches, *panel.collections, *panel.images]
        assert marks


def test_pictures_are_files_in_the_folder_of_their_group(tmp_path: Path) -> None:
    assert draw_gallery(["dropout", "activation=relu"], tmp_path) == []
    names = [f"dropout/{path.stem}" for path in sorted(CONF.glob("dropout/*.yaml"))]
    assert pictures(tmp_path) == ["activation/relu", *names]
    for name in names:
        assert imread(tmp_path / f"{name}.png").shape[1] > 800


def test_a_picture_is_the_same_every_time(tmp_path: Path) -> None:
    draw_gallery(["dropout=dropout"], tmp_path / "a")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    draw_gallery(["dropout=dropout"], tmp_path / "b")
    assert torch.equal(torch.get_rng_state(), before)
    one, other = (tmp_path / run / "dropout" / "dropout.png" for run in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_options_of_ones_own_are_drawn_whatever_fails_beside_them(
    own_conf: Path, run: Run, tmp_path: Path
) -> None:
    group = own_conf / "dropout"
    (group / "mine").mkdir()
    dropout = "_target_: torch.nn.Dropout\n_partial_: true\n"
    (group / "mine" / "weak.yaml").write_text(f"{dropout}p: 0.01\n")
    (group / "a_wrong.yaml").write_text(f"{dropout}q: 0.1\n")
    (group / "later.yaml").write_text(f"{dropout}p: ???\n")
    ended = run("gallery", "dropout")
    assert ended.code == 1
    (failure,) = ended.err.splitlines()
    assert failure.startswith("error: dropout=a_wrong: dropout.q: Dropout has no such")
    drawn = len(list(CONF.glob("dropout/*"))) + 1
    assert f"{drawn} of {drawn + 1} drawn in logs/gallery" in ended.out
    weak = tmp_path / "logs" / "gallery" / "dropout" / "mine" / "weak.png"
    assert weak.is_file()
    (failure,) = draw_gallery(["dropout=later"], tmp_path / "out")
    assert failure.startswith("dropout=later: dropout.p is needed: give dropout.p=…")
    draw_gallery(["dropout=later", "dropout.p=0.3"], tmp_path / "out")
    assert pictures(tmp_path / "out") == ["dropout/later"]


def test_a_value_that_does_not_fit_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(
        UserError,
        match=r"^activation=celu activation\.p=1: activation\.p: no such key",
    ):
        draw_gallery(["activation", "activation.p=1"], tmp_path)
