"""A run is exported to one file, which makes the same predictions."""

import json
from pathlib import Path

import pytest
import torch
from conftest import ROOT, Run

from litmlp.engine.predict.export import METADATA
from litmlp.engine.predict.exported_model import split_inputs

QUICK = ("trainer=cpu", "trainer.max_epochs=2")
PEOPLE = ("data=table", f"data.path={ROOT}/tests/people.csv", "data.drop=[id]")


def a_run(run: Run, tmp_path: Path, target: str, *choices: str) -> Path:
    ended = run("train", *PEOPLE, f"data.target={target}", *QUICK, *choices)
    assert ended.code == 0, ended.err
    (folder,) = tmp_path.glob("logs/default/runs/*")
    return folder


def test_a_run_becomes_one_file(run: Run, tmp_path: Path) -> None:
    folder = a_run(run, tmp_path, "city")
    ended = run("export", f"run={folder}")
    assert ended.code == 0
    assert ended.err == ""
    assert "largest difference from the checkpoint's predictions: " in ended.out
    assert f"onnx → logs/default/runs/{folder.name}/exports/model.onnx" in ended.out
    assert [path.name for path in (folder / "exports").iterdir()] == ["model.onnx"]


def test_the_torch_export_file_describes_itself(run: Run, tmp_path: Path) -> None:
    folder = a_run(run, tmp_path, "income", "preprocessing=quantile_normal")
    ended = run("export", f"run={folder}", "format=torch_export", "output=my/tiny.pt2")
    assert ended.err == ""
    assert "torch_export → my/tiny.pt2" in ended.out
    extra = {f"{METADATA}.json": ""}
    torch.export.load(tmp_path / "my" / "tiny.pt2", extra_files=extra)
    columns = json.loads(extra[f"{METADATA}.json"])["columns"]
    assert [c["name"] for c in columns] == ["age", "height", "city", "member", "joined"]
    assert columns[2]["categories"] == ["Bern", "Oslo", "Paris", "Rome"]


def test_a_wrong_export_leaves_no_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_run(run, tmp_path, "income")
    monkeypatch.setattr(  # so that a missing number is a zero
        "litmlp.engine.predict.export_check.split_inputs",
        lambda rows, columns: split_inputs(rows.nan_to_num(), columns),
    )
    for format in ("folder", "torch_export"):
        ended = run("export", f"run={folder}", f"format={format}")
        assert ended.code == 1
        assert f"format={format}: predictions differ from the checkpoint's" in ended.err
        assert "more than 1e-05: nothing is written" in ended.err
        assert ("choose format=torch_export" in ended.err) == (format == "folder")
    assert not (folder / "exports").exists()


@pytest.mark.parametrize(
    ("format", "choices", "words"),
    [
        ("onnx", ["activation=rrelu"], "aten.rrelu"),
        ("folder", ["preprocessing=quantile_normal"], "aten.searchsorted"),
        ("onnx", ["activation=gelu", "trainer.precision=64-true"], "Erf"),
    ],
)
def test_an_operation_that_onnx_lacks_is_named(
    format: str, choices: list[str], words: str, run: Run, tmp_path: Path
) -> None:
    folder = a_run(run, tmp_path, "income", *choices)
    ended = run("export", f"run={folder}", f"format={format}")
    assert ended.code == 1
    assert ended.err.startswith(f"error: format={format} cannot hold this model: ")
    assert words in ended.err
    assert ended.err.endswith(
        "choose format=torch_export, which holds all operations of torch\n"
    )
    assert ended.err.count("\n") == 1
    assert not (folder / "exports").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["format=onx"], "format=onx: no such choice. Did you mean onnx?"),
        (
            ["format=null"],
            "format=None: no such choice. Allowed: folder, onnx, torch_export",
        ),
        (["output=m.pt2"], "output=m.pt2: format=onnx must end in .onnx"),
        ([], "run=nowhere holds no run"),
    ],
)
def test_what_cannot_be_is_said(options: list[str], words: str, run: Run) -> None:
    ended = run("export", "run=nowhere", *options)
    assert ended.code == 1
    assert words in ended.err
