"""Predictions of an exported file for rows of any kind, and its description."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import onnx
import pytest
import torch
from conftest import CONF, ROOT, Compose
from omegaconf import OmegaConf
from torch import Tensor, nn

from litmlp.data.preprocessing import Preprocessing
from litmlp.data.samples import Column
from litmlp.data.scaling import Logit, QuantileNormal, RobustScale, Standardize
from litmlp.encoding import Encoding
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.predict.export import FORMATS, no_warnings
from litmlp.engine.predict.export_check import Predict, largest_difference
from litmlp.engine.predict.exported_model import Deployed, split_inputs
from litmlp.engine.predict.trained_model import TrainedModel
from litmlp.input_scales import InputScale
from litmlp.mlp import MLP
from litmlp.regressor import Regressor

COLUMNS = [
    Column(name="tall"),
    Column(name="city", kind="categorical", categories=["Bern", "Oslo", "Rome"]),
    Column(name="fast"),
    Column(name="day", kind="categorical", categories=list("abcdefghijklmnopqrst")),
]


FILES = [name for name in FORMATS if name != "folder"]  # whose file is that of onnx


class SideBySide(nn.Module):
    """Each of several activations on the same features."""

    def __init__(self, activations: list[nn.Module]) -> None:
        super().__init__()
        self.activations = nn.ModuleList(activations)

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([act(features) for act in self.activations], dim=1)


def a_model(
    scale: Callable[[Tensor], nn.Module] = Standardize,
    *,
    columns: list[Column] = COLUMNS,
    network: nn.Module | None = None,
    num_outputs: int = 2,
    target_mean: float = 0.0,
) -> TrainedModel:
    """A regressor of random weights that has seen 60 raw rows."""
    is_code = [column.kind == "categorical" for column in columns]
    rows = 5 + 30 * torch.randn(60, len(columns))
    rows[:, is_code] = torch.randint(0, 3, (60, sum(is_code))).to(rows.dtype)
    rows[7] = torch.nan
    preprocessing = Preprocessing(rows, columns=columns, scale=scale)
    encoding = Encoding(
        num_numbers=preprocessing.num_numbers,
        cardinalities=preprocessing.cardinalities,
        max_one_hot=16,
    )
    mlp = MLP(
        num_features=encoding.num_features,
        num_outputs=num_outputs,
        hidden_sizes=[8],
        output_initializer=nn.init.xavier_normal_,
        input_scale=InputScale,
    )
    nn.init.normal_(mlp.input_scale.weight)
    model = Regressor(
        network=network or mlp,
        num_outputs=num_outputs,
        target_names=[f"y{i}" for i in range(num_outputs)],
        target_mean=[target_mean] * num_outputs,
        target_std=[1.0] * num_outputs,
        loss=nn.MSELoss(),
        output_activation=nn.Identity,
        metrics={},
        preprocessing=preprocessing,
        encoding=encoding,
    )
    return TrainedModel(
        config=OmegaConf.create({"folder": "run", "data": {}}),
        model=model.eval(),
        columns=columns,
        target_names=model.target_names,
        class_names=[],
    )


def exported(model: TrainedModel, format: str = "onnx") -> Predict:
    with no_warnings():
        return FORMATS[format].read(FORMATS[format].write(model))


def raw_rows(count: int) -> Tensor:
    """Rows of COLUMNS with every category, unseen, missing and infinite values."""
    rows = 5 + 30 * torch.randn(count, 4)
    rows[:, 1] = torch.arange(count) % 4 - 1
    rows[:, 3] = torch.arange(count) % 21 - 1
    rows[torch.rand_like(rows) < 0.2] = torch.nan
    rows[torch.rand(count) < 0.1, 0] = -torch.inf
    return rows


SCALES = {
    "none": (lambda rows: nn.Identity(), "onnx"),
    "robust": (RobustScale, "onnx"),
    "logit": (lambda rows: Logit(torch.empty(0)), "onnx"),
    "quantile_normal": (partial(QuantileNormal, num_quantiles=40), "torch_export"),
}


@pytest.mark.parametrize("scale", SCALES)
def test_batches_of_any_size_with_all_kinds_of_values(scale: str) -> None:
    scaling, format = SCALES[scale]
    model = a_model(scaling)
    predict = exported(model, format)
    for count in (1, 2, 9, 500):
        rows = raw_rows(count)
        found = predict(split_inputs(rows, COLUMNS))
        torch.testing.assert_close(found, model.predict(rows), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "format"), [("numeric", "torch_export"), ("categorical", "onnx")]
)
def test_an_input_without_columns_is_left_out(kind: str, format: str) -> None:
    columns = [column for column in COLUMNS if column.kind == kind]
    model = a_model(columns=columns)
    rows = raw_rows(30)[:, [COLUMNS.index(column) for column in columns]]
    inputs = split_inputs(rows, columns)
    assert list(inputs) == (["numbers"] if kind == "numeric" else ["codes"])
    found = exported(model, format)(inputs)
    torch.testing.assert_close(found, model.predict(rows), rtol=1e-5, atol=1e-5)


LACKING = {torch.float32: ["rrelu"], torch.float64: ["gelu", "rrelu"]}
"""Activations that ONNX or its runtime lacks."""


@pytest.mark.parametrize(
    "dtype",
    [torch.float32, pytest.param(torch.float64, marks=pytest.mark.slow)],
)
def test_every_other_activation_can_be_exported(
    dtype: torch.dtype, config: Compose
) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        files = sorted((CONF / "activation").glob("*.yaml"))
        names = [file.stem for file in files if file.stem not in LACKING[dtype]]
        nodes = [config(f"activation={name}").activation for name in names]
        made = [construct_node(node, "activation")() for node in nodes]
        columns = [Column(name=name) for name in "abc"]
        width = 2 * len(columns)  # each has a mark
        model = a_model(
            columns=columns, network=SideBySide(made), num_outputs=width * len(made)
        )
        rows = 5 + 600 * torch.randn(200, 3)  # up to 60 standard deviations
        expected = model.predict(rows)
        found = exported(model)(split_inputs(rows, columns))
        assert found.dtype == dtype
        relative = (found - expected).abs() / expected.abs().clamp(min=1)
        differences = [float(part.max()) for part in relative.split(width, dim=1)]
        assert dict(zip(names, differences, strict=True)) == pytest.approx(
            dict.fromkeys(names, 0.0), abs=1e-5
        )
    finally:
        torch.set_default_dtype(before)


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    """A file of each format."""
    with no_warnings():
        return {name: FORMATS[name].write(a_model()) for name in FILES}


def test_the_file_says_what_goes_in_and_what_comes_out(
    contents: dict[str, bytes],
) -> None:
    content = contents["onnx"]
    graph = onnx.load_from_string(content)
    (metadata,) = graph.metadata_props
    assert metadata.key == "litmlp"
    description = json.loads(metadata.value)
    inputs = description.pop("inputs")
    assert description == {
        "format_version": 1,
        "columns": [asdict(c) | {"categories": list(c.categories)} for c in COLUMNS],
        "target_names": ["y0", "y1"],
        "class_names": [],
        "dropped": [],
        "bounds": [],
        "prefix": "predicted",
    }
    assert list(inputs) == ["numbers", "codes"]
    values = [*graph.graph.input, *graph.graph.output]
    assert [value.name for value in values] == ["numbers", "codes", "values"]
    assert {domain.domain: domain.version for domain in graph.opset_import} == {"": 18}
    onnx.checker.check_model(graph)


@pytest.mark.parametrize("format", FILES)
def test_no_path_of_this_machine_is_in_the_file(
    format: str, contents: dict[str, bytes]
) -> None:
    assert str(ROOT).encode() not in contents[format]
    assert str(Path(torch.__file__).parent).encode() not in contents[format]


def test_a_difference_is_a_fraction_of_a_large_targets_size() -> None:
    model = a_model(target_mean=1e6)
    expected = partial(predict_as, model)
    assert largest_difference(model, lambda inputs: expected(inputs) + 1) == (
        pytest.approx(1e-6, rel=1e-3)
    )
    model = a_model(target_mean=0.0)
    expected = partial(predict_as, model)
    assert largest_difference(model, lambda inputs: expected(inputs) * 1.01) == (
        pytest.approx(0.01, rel=1e-3)
    )


def predict_as(model: TrainedModel, inputs: dict[str, Tensor]) -> Tensor:
    with torch.inference_mode():
        return Deployed(model.model, model.columns)(**inputs)
