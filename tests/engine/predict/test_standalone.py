"""An exported folder predicts as its run does, where litmlp is not installed."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import torch
from people_runs import people, train_on_people

from litmlp.data.samples import Column
from litmlp.data.tables.missing_words import MISSING_WORDS
from litmlp.engine.predict import standalone
from litmlp.engine.predict.export import export, to_plain_onnx
from litmlp.engine.predict.exported_model import MISSING, UNSEEN
from litmlp.engine.predict.predict_file import predict_file
from litmlp.engine.predict.trained_model import trained
from litmlp.errors import UserError

WITHOUT_LITMLP = """
import runpy, sys
for name in ("litmlp", "torch", "lightning", "hydra", "polars", "sklearn", "scipy"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


NEW_ROWS = """joined,member,city,height,age,id,income,shoe_size
2021-05-01,true,Rome,171.5,33,a1,1800,40
,,,,,a2,,41
1999-12-31,false,Atlantis,,-4,a3,-1,42
2021-05-02,true,Bern,1e9,77,a4,1900,43
"""


def assert_close(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    texts = expected.select(pl.col(pl.String))
    assert found.select(texts.columns).equals(texts)
    numbers = expected.drop(texts.columns).to_torch()
    others = found.drop(texts.columns).to_torch()
    torch.testing.assert_close(others, numbers, rtol=1e-5, atol=1e-5)
    assert len(numbers.unique()) > 2


def call(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    program = [sys.executable, "-c", WITHOUT_LITMLP, str(folder / "predict.py")]
    return subprocess.run(
        [*program, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("target", "choices"),
    [("city", ["trainer.precision=64-true"]), ("income", ["loss=gaussian_nll"])],
)
def test_the_folder_predicts_what_the_run_does(
    target: str, choices: list[str], tmp_path: Path
) -> None:
    run = train_on_people(tmp_path / "run", target, *choices)
    export(run, format="folder")
    folder = run / "exports" / "model"
    names = ["model.onnx", "model_card.md", "predict.py", "requirements.txt"]
    assert sorted(path.name for path in folder.iterdir()) == names
    new, here, there = (tmp_path / f"{n}.csv" for n in ("new", "here", "there"))
    for table in (people().write_csv(), NEW_ROWS):
        new.write_text(table)
        with trained(run) as model:
            predict_file(model, str(new), str(here), keep=[])
        ended = call(folder, str(new), str(there))
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
        assert_close(pl.read_csv(there), pl.read_csv(here))


def test_a_mistake_in_the_file_is_one_line(tmp_path: Path) -> None:
    run = train_on_people(tmp_path / "run", "member")
    export(run, format="folder", output=str(tmp_path / "deployed"))
    new, out = tmp_path / "new.csv", tmp_path / "out.csv"
    header, first, *_ = NEW_ROWS.splitlines()
    tall = first.replace("171.5", "tall")
    for text, message in (
        (f"{header}\n{tall}", "column height: 'tall' is no numeric value"),
        (f"{header.replace('joined', 'j')}\n{first}", "no column joined"),
        (header, "new.csv has no rows"),
    ):
        new.write_text(text)
        ended = call(tmp_path / "deployed", str(new), str(out))
        assert ended.returncode == 1
        assert message in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
    assert not out.exists()


def test_the_program_knows_the_missing_values_that_litmlp_knows() -> None:
    assert standalone.MISSING_WORDS == MISSING_WORDS
    assert (standalone.MISSING, standalone.UNSEEN) == (MISSING, UNSEEN)


def test_columns_that_the_program_cannot_read_are_refused() -> None:
    model: Any = SimpleNamespace(columns=[Column(name="price", form="$1,234.5")])
    with pytest.raises(UserError, match=r"column price is written as \$1,234.5"):
        to_plain_onnx(model)
