"""A run becomes one file, which predicts what the run does."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import onnx
import polars as pl
import pytest
import torch
import torch.nn.functional as F
from conftest import CONF, ROOT, Run
from omegaconf import OmegaConf
from torch import Tensor, nn

from litmlp.agreement import largest_difference
from litmlp.construct import construct
from litmlp.data.preprocessing import Preprocessing
from litmlp.data.samples import Column
from litmlp.data.scaling import QuantileNormal, RobustScale, Standardize
from litmlp.encoding import Encoding
from litmlp.export import FORMATS, quiet
from litmlp.exported import METADATA, split_inputs
from litmlp.mlp import MLP
from litmlp.onnx_operations import OnnxOperations
from litmlp.regressor import Regressor
from litmlp.trained import Trained

QUICK = ("trainer=cpu", "trainer.max_epochs=2")
PEOPLE = ("data=table", f"data.path={ROOT}/tests/people.csv", "data.drop=[id]")
NEW_ROWS = """joined,member,city,height,age,id,shoe_size
2021-05-01,true,Rome,171.5,33,a1,40
,,,,,a2,41
1999-12-31,false,Atlantis,,-4,a3,42
2021-05-02,true,Bern,1e9,inf,a4,43
"""
COLUMNS = [
    Column(name="tall"),
    Column(name="city", kind="categorical", categories=["Bern", "Oslo", "Rome"]),
    Column(name="fast"),
    Column(name="day", kind="categorical", categories=list("abcdefghijklmnopqrst")),
]


def a_run(run: Run, tmp_path: Path, target: str, *choices: str) -> Path:
    ended = run("train", *PEOPLE, f"data.target={target}", *QUICK, *choices)
    assert ended.code == 0, ended.err
    (folder,) = tmp_path.glob("logs/default/runs/*")
    return folder


def predicted(run: Run, tmp_path: Path, source: Path) -> pl.DataFrame:
    (tmp_path / "new.csv").write_text(NEW_ROWS)
    ended = run("predict", f"run={source}", "input=new.csv", "output=out.parquet")
    assert ended.code == 0, ended.err
    assert "ignored columns: shoe_size" in ended.out
    return pl.read_parquet(tmp_path / "out.parquet")


def assert_close(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    texts = expected.select(pl.col(pl.String))
    assert found.select(texts.columns).equals(texts)
    numbers = expected.drop(texts.columns).to_torch()
    others = found.drop(texts.columns).to_torch()
    torch.testing.assert_close(others, numbers, rtol=1e-5, atol=1e-5)
    assert len(numbers.unique()) > 2


def test_the_onnx_file_predicts_what_the_run_does(run: Run, tmp_path: Path) -> None:
    folder = a_run(run, tmp_path, "city")
    ended = run("export", f"run={folder}")
    assert ended.code == 0
    assert ended.err == ""
    assert "largest difference from the checkpoint's predictions: " in ended.out
    assert f"onnx → logs/default/runs/{folder.name}/exports/model.onnx" in ended.out
    assert [path.name for path in (folder / "exports").iterdir()] == ["model.onnx"]
    from_run = predicted(run, tmp_path, folder)
    assert from_run.columns[:2] == ["id", "predicted_city"]
    from_file = predicted(run, tmp_path, folder / "exports" / "model.onnx")
    assert_close(from_file, from_run)


def test_the_torch_export_file_predicts_what_the_run_does(
    run: Run, tmp_path: Path
) -> None:
    folder = a_run(run, tmp_path, "income", "preprocessing=quantile_normal")
    ended = run("export", f"run={folder}", "format=torch_export", "output=my/tiny.pt2")
    assert ended.err == ""
    assert "torch_export → my/tiny.pt2" in ended.out
    extra = {f"{METADATA}.json": ""}
    program = torch.export.load(tmp_path / "my" / "tiny.pt2", extra_files=extra)
    columns = json.loads(extra[f"{METADATA}.json"])["columns"]
    assert [c["name"] for c in columns] == ["age", "height", "city", "member", "joined"]
    nan, rome = torch.nan, columns[2]["categories"].index("Rome")
    numbers = torch.tensor([[33, 171.5, 1.0, 18_748.0], *3 * [[nan, nan, nan, nan]]])
    codes = torch.tensor([[rome], [-2], [-1], [rome]])
    found = program.module()(numbers=numbers, codes=codes)
    new = pl.read_csv(NEW_ROWS.encode(), infer_schema=False)[[0, 1, 1, 1]]
    new = new.with_columns(city=pl.Series(["Rome", None, "Atlantis", "Rome"]))
    new.write_csv(tmp_path / "same.csv")
    run("predict", f"run={folder}", "input=same.csv", "output=out.parquet")
    expected = pl.read_parquet(tmp_path / "out.parquet")["predicted_income"].to_torch()
    torch.testing.assert_close(found.squeeze(1), expected)
    assert len(expected.unique()) == 4


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["32-true", "64-true"])
@pytest.mark.parametrize(
    "preprocessing", ["none", "standardize", "robust", "quantile_normal"]
)
@pytest.mark.parametrize(
    ("target", "choices"),
    [
        ("city", ["encoding=embedding", "batchnorm=before_activation"]),
        ("member", ["encoding=embedding", "batchnorm=after_activation"]),
        ("income", ["encoding=one_hot", "dropout=alpha_dropout", "activation=gelu"]),
    ],
)
def test_every_kind_of_run_can_be_exported(
    target: str,
    choices: list[str],
    preprocessing: str,
    precision: str,
    run: Run,
    tmp_path: Path,
) -> None:
    more = [f"preprocessing={preprocessing}", f"trainer.precision={precision}"]
    folder = a_run(run, tmp_path, target, *choices, *more)
    for format, suffix in (("onnx", "onnx"), ("torch_export", "pt2")):
        ended = run("export", f"run={folder}", f"format={format}")
        assert ended.err == ""
        assert (folder / "exports" / f"model.{suffix}").is_file()
    from_file = predicted(run, tmp_path, folder / "exports" / "model.onnx")
    assert_close(from_file, predicted(run, tmp_path, folder))


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
) -> Trained:
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
    )
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
    return Trained(
        config=OmegaConf.create({"data": {}}),
        model=model.eval(),
        columns=columns,
        target_names=model.target_names,
        class_names=[],
    )


def exported(model: Trained, format: str = "onnx") -> Predict:
    with quiet():
        return FORMATS[format].read(FORMATS[format].write(model))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("scale", [nn.Identity, Standardize, RobustScale])
def test_batches_of_any_size_of_all_kinds_of_rows(
    scale: Callable[[Tensor], nn.Module], format: str
) -> None:
    if scale is nn.Identity:
        scale = lambda rows: nn.Identity()  # noqa: E731  # as a config makes it
    model = a_model(scale)
    predict = exported(model, format)
    for count in (1, 2, 9, 500):
        rows = torch.randn(count, 4)
        rows[:, 1] = torch.arange(count) % 4 - 1
        rows[:, 3] = torch.arange(count) % 21 - 1
        rows[torch.rand_like(rows) < 0.2] = torch.nan
        rows[torch.rand_like(rows) < 0.05] = torch.inf
