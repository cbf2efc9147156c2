"""An ONNX file is opened by its description, or refused in one line."""

import json
import sys
from pathlib import Path
from typing import Any

import onnx
import polars as pl
import pytest
from conftest import Run
from onnx import TensorProto, helper

DESCRIPTION = {
    "format_version": 1,
    "columns": [{"name": "a"}, {"name": "b", "kind": "boolean"}],
    "target_names": ["y"],
    "class_names": [],
    "dropped": ["id"],
    "inputs": {"numbers": "[rows, 2]"},
}
DOUBLE = TensorProto.DOUBLE


def write(path: Path, metadata: str | None, *, kind: int = TensorProto.FLOAT) -> Path:
    """A file whose value is a + 2b."""
    weight = helper.make_tensor("weight", kind, [2, 1], [1.0, 2.0])
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["numbers", "weight"], ["values"])],
        "sum",
        [helper.make_tensor_value_info("numbers", kind, ["batch", 2])],
        [helper.make_tensor_value_info("values", kind, ["batch", 1])],
        initializer=[weight],
    )
    opset = helper.make_opsetid("", 18)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    if metadata is not None:
        helper.set_model_props(model, {"litmlp": metadata})
    onnx.save(model, path)
    return path


def predict(run: Run, source: Path) -> Any:
    (source.parent / "new.csv").write_text("b,id,a\ntrue,x,0.1\nfalse,y,16777217\n")
    return run("predict", f"run={source}", "input=new.csv", "output=out.parquet")


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, DOUBLE])
def test_a_table_is_matched_and_predicted(kind: int, run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", json.dumps(DESCRIPTION), kind=kind)
    ended = predict(run, path)
    assert ended.err == ""
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found.columns == ["id", "predicted_y"]
    assert found["id"].to_list() == ["x", "y"]
    values = found["predicted_y"].to_list()
    assert values[0] == pytest.approx(2.1, rel=1e-15 if kind == DOUBLE else 1e-7)
    assert values[1] == (16777217 if kind == DOUBLE else 16777216)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (None, "not written by `litmlp export`"),
        ("{'a': __import__('os')}", "not written by `litmlp export`"),
        (json.dumps(DESCRIPTION | {"format_version": 2}), "litmlp.format_version"),
        (json.dumps(DESCRIPTION | {"columns": [{"name": 3}]}), "litmlp.columns.0.name"),
        (json.dumps(DESCRIPTION | {"columns": [{"name": "a"}]}), "do not fit"),
        (json.dumps(DESCRIPTION | {"columns": []}), "do not fit"),
        (json.dumps(DESCRIPTION | {"class_names": ["c", "d"]}), "returns (1, 1)"),
    ],
)
def test_a_file_that_is_no_export_is_refused(
    metadata: str | None, words: str, run: Run, tmp_path: Path
) -> None:
    ended = predict(run, write(tmp_path / "m.onnx", metadata))
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert "m.onnx" in ended.err
    assert words in ended.err
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("content", [b"", b"\x08\x08\x12" + bytes(100)])
def test_garbage_is_refused(content: bytes, run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    ended = predict(run, tmp_path / "m.onnx")
    assert ended.code == 1
    assert "m.onnx: onnxruntime cannot run it: " in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("place", ["secret", "../secret", "/dev/zero"])
def test_a_graph_reads_no_other_file(place: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(8))
    model = onnx.load(write(tmp_path / "m.onnx", json.dumps(DESCRIPTION)))
    (weight,) = model.graph.initializer
    weight.ClearField("float_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, text in (("location", place), ("length", "8")):
        entry = weight.external_data.add()
        entry.key, entry.value = key, text
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    ended = predict(run, tmp_path / "m.onnx")
    (line,) = ended.err.splitlines()
    assert ended.code == 1
    assert "External data path" in line
    assert not (tmp_path / "out.parquet").exists()


def test_a_missing_runtime_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "m.onnx", json.dumps(DESCRIPTION))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    ended = predict(run, path)
    assert ended.code == 1
    assert "m.onnx needs onnxruntime: pip install litmlp[onnx]" in ended.err
