"""From arguments to pictures: files, TensorBoard, options of one's own, mistakes."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from built import parts
from conftest import CONF, ROOT, Run
from matplotlib.image import imread
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litmlp.course.gallery.draw import GROUPS, draw_gallery, fix_random_numbers
from litmlp.course.gallery.options import Option, choose
from litmlp.errors import UserError

SMALL = ["dropout", "activation=relu"]


@pytest.fixture
def own_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of conf/ to add files to."""
    shutil.copytree(CONF, tmp_path / "conf")
    monkeypatch.setattr("litmlp.engine.option_folders.CONF", tmp_path / "conf")
    return tmp_path / "conf"


def tags(folder: Path) -> list[str]:
    events = EventAccumulator(str(folder)).Reload()
    return sorted(events.Tags()["images"])


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


def test_pictures_are_files_and_the_same_in_tensorboard(tmp_path: Path) -> None:
    assert draw_gallery(SMALL, tmp_path) == []
    pictures = sorted(
        path.relative_to(tmp_path).with_suffix("").as_posix()
        for path in tmp_path.rglob("*.png")
    )
    assert pictures == [
        "activation/relu",
        "dropout/alpha_dropout",
        "dropout/dropout",
        "dropout/fast_dropout",
        "dropout/none",
    ]
    assert tags(tmp_path) == pictures
    events = EventAccumulator(str(tmp_path)).Reload()
    for tag in pictures:
        (image,) = events.Images(tag)
        assert image.encoded_image_string == (tmp_path / f"{tag}.png").read_bytes()
        shape = imread(tmp_path / f"{tag}.png").shape
        assert (image.height, image.width) == shape[:2]
        assert image.width > 800
    draw_gallery(["scheduler=step"], tmp_path)  # joins the pictures that are there
    assert tags(tmp_path) == [*pictures, "scheduler/step"]
    assert len(list(tmp_path.glob("events.*"))) == 1


def test_a_whole_group_is_drawn_whatever_fails_in_it(
    own_conf: Path, run: Run, tmp_path: Path
) -> None:
    (own_conf / "loss" / "mine.yaml").write_text("_target_: torch.nn.ReLU\n")
    ended = run("gallery", "loss")
    assert ended.code == 1
    assert ended.err.startswith("error: loss=mine: takes the outputs and targets of no")
    assert len(tags(tmp_path / "logs/gallery")) == len(choose(["loss"])) - 1


def test_what_waits_for_a_value_is_named_and_drawn_with_it(
    own_conf: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (own_conf / "dropout" / "mine.yaml").write_text(
        "_target_: torch.nn.Dropout\n_partial_: true\np: ???\n"
    )
    assert draw_gallery(["dropout"], tmp_path / "out") == []
    said = capfd.readouterr().out
    assert "not drawn without values: dropout=mine dropout.p=…" in said
    (failure,) = draw_gallery(["dropout=mine"], tmp_path / "out")
    assert failure.startswith("dropout=mine: dropout.p is needed: give dropout.p=…")
    values = ["dropout.p=0.3", "initializer.values=[[0.15,0.2],[0.25,0.3]]"]
    draw_gallery(["dropout=mine", "initializer=given", *values], tmp_path / "out")
    assert {"dropout/mine", "initializer/given"} <= set(tags(tmp_path / "out"))


def test_a_picture_is_the_same_every_time(tmp_path: Path) -> None:
    draw_gallery(["dropout=dropout"], tmp_path / "a")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    draw_gallery(["dropout=dropout"], tmp_path / "b")
    assert torch.equal(torch.get_rng_state(), before)
    one, other = (tmp_path / run / "dropout" / "dropout.png" for run in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_options_of_ones_own_are_drawn(own_conf: Path, tmp_path: Path) -> None:
    group = own_conf / "activation"
    own = "_target_: torch.nn.Threshold\n_partial_: true\nthreshold: 0.1\nvalue: 0.0\n"
    (group / "threshold.yaml").write_text(own)
    (group / "mine").mkdir()
    (group / "mine" / "softmin.yaml").write_text(
        "_target_: torch.nn.Softmin\n_partial_: true\ndim: -1\n"
    )
    assert len(choose(["activation"])) == len(list(CONF.glob("activation/*"))) + 2
    draw_gallery(["activation=threshold,mine/softmin"], tmp_path / "out")
    assert tags(tmp_path / "out") == ["activation/mine/softmin", "activation/threshold"]


def test_an_option_that_cannot_be_drawn_leaves_the_others_alone(
    own_conf: Path, tmp_path: Path
) -> None:
    (own_conf / "dropout" / "a_mine.yaml").write_text(
        "_target_: torch.nn.Bilinear\n_partial_: true\n"
        "in1_features: 1\nin2_features: 1\nout_features: 1\n"
    )
    (own_conf / "dropout" / "b_mine.yaml").write_text(
        "_target_: torch.nn.Dropout\n_partial_: true\nq: 0.1\n"
    )
    failures = draw_gallery(["dropout"], tmp_path / "out")
    assert len(failures) == 2
    assert failures[0].startswith("dropout=a_mine: ")
    assert failures[1].startswith("dropout=b_mine: dropout.q: Dropout has no such")
    assert len(tags(tmp_path / "out")) == len(list(CONF.glob("dropout/*")))


def test_a_value_that_does_not_fit_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(
        UserError,
        match=r"^activation=blend activation\.p=1: activation\.p: no such key",
    ):
        draw_gallery(["activation", "activation.p=1"], tmp_path)


def test_script_says_where_to_look(run: Run, tmp_path: Path) -> None:
    ended = run("gallery", "activation=relu")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "drawing activation",
        "1 of 1 drawn, 1 pictures in logs/gallery. To see them: "
        "tensorboard --logdir logs/gallery, under Images",
    ]
    assert tags(tmp_path / "logs" / "gallery") == ["activation/relu"]


def test_help_does_not_wait_for_torch() -> None:
    script = (
        "import runpy, sys, atexit\n"
        "atexit.register(lambda: print('torch' in sys.modules))\n"
        f"sys.argv = ['gallery.py', '--help']\n"
        f"runpy.run_path({str(ROOT / 'scripts' / 'gallery.py')!r}, run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "optimizer=adam" in ended.stdout
    assert ended.stdout.endswith("False\n")
