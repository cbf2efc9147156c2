"""OpenML: scikit-learn's ``fetch_openml`` on a cache that holds small sets."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Run
from omegaconf import OmegaConf

from litmlp.data.openml import OpenMLData, fetch
from litmlp.errors import UserError

PEOPLE = """
@RELATION people
@ATTRIBUTE id numeric
@ATTRIBUTE age numeric
@ATTRIBUTE 'home town' {Rome,'Oslo (N)',Bern}
@ATTRIBUTE rating {10,9,8}
@ATTRIBUTE income {low,high,none}
@DATA
""" + "".join(
    f"{i},{'?' if i == 3 else i / 2},{town},{[10, 9][i % 2]},{income}\n"
    for i in range(30)
    for town in ["?" if i == 4 else ["Rome", "'Oslo (N)'"][i % 2]]
    for income in ["?" if i == 5 else ["low", "high"][i % 2]]
)
SPARSE = """
@RELATION counts
@ATTRIBUTE y numeric
@ATTRIBUTE a numeric
@ATTRIBUTE b numeric
@DATA
{0 1.5, 1 2}
{2 7}
{0 2.5, 1 1, 2 3}
"""


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nothing listens
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    fetch.cache_clear()


def put(
    folder: Path, name: str, arff: str, target: str | None, **description: Any
) -> None:
    """Leave what OpenML would answer where scikit-learn looks first."""
    lines = [line for line in arff.splitlines() if "@A" in line]
    columns = [line.split("@ATTRIBUTE ")[1] for line in lines]
    names = [c.split("'")[1] if c[0] == "'" else c.split()[0] for c in columns]
    features = [
        {
            "index": str(i),
            "name": name,
            "data_type": "nominal" if "{" in column else column.split()[-1],
            "is_target": str(name == target).lower(),
            "is_ignore": "false",
            "is_row_identifier": str(name == "id").lower(),
            "number_of_missing_values": "1",
        }
        for i, (name, column) in enumerate(zip(names, columns, strict=True))
    ]
    set_description = {
        **{"id": "7", "name": name, "version": "1", "description": "made up"},
        **{"format": "ARFF", "status": "active", "default_target_attribute": target},
        "url": f"https://www.openml.org/data/v1/download/7/{name}.arff",
        "md5_checksum": hashlib.md5(arff.encode()).hexdigest(),
    } | description
    found = [{"did": 7, "name": name, "version": 1, "status": "active"}] * 2
    rows = str(arff.split("@DATA\n")[1].count("\n"))
    quality = [{"name": "NumberOfInstances", "value": rows}]
    api, by_name = "api/v1/json/data", f"list/data_name/{name}/limit/2/status/active/"
    answers = {
        f"{api}/{by_name}": {"data": {"dataset": found}},
        f"{api}/7": {"data_set_description": set_description},
        f"{api}/features/7": {"data_features": {"feature": features}},
        f"{api}/qualities/7": {"data_qualities": {"quality": quality}},
        f"data/v1/download/7/{name}.arff": arff,
    }
    for path, answer in answers.items():
        file = folder / "openml" / "openml.org" / f"{path}.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        file.write_bytes(gzip.compress(text.encode()))


def test_a_set_is_read_with_its_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, "people", PEOPLE, "income")
    data = OpenMLData(name="people")
    assert data.infer_task() == "binary"
    samples = data.samples
    assert [(c.name, c.kind, c.categories) for c in samples.columns] == [
        ("age", "numeric", []),
        ("home town", "categorical", ["Rome", "Oslo (N)"]),
        ("rating", "categorical", ["10", "9"]),
    ]
    assert samples.class_names == ["low", "high"]
    rows = [i for i in range(30) if i != 5]
    assert samples.targets.tolist() == [i % 2 for i in rows]
    expected = torch.tensor([[i / 2, i % 2, i % 2] for i in rows])
    expected[3, 0] = expected[4, 1] = torch.nan
    torch.testing.assert_close(samples.inputs, expected, equal_nan=True)
    assert "OpenML people: 1 rows without a target are left out" in caplog.text


def test_another_target_can_be_chosen(tmp_path: Path) -> None:
    put(tmp_path, "people", PEOPLE, "income")
    data = OpenMLData(name="people", target="age", drop=["rating"])
    assert data.infer_task() == "regression"
    assert [column.name for column in data.samples.columns] == ["home town", "income"]
    with pytest.raises(UserError, match=r"OpenML people: no column ag\. Did you"):
        _ = OpenMLData(name="people", target="ag").samples


def test_a_set_without_a_target_of_its_own_asks_for_one(tmp_path: Path) -> None:
    put(tmp_path, "people", PEOPLE, None)
    with pytest.raises(UserError, match=r"names no target: give data\.target=…"):
        _ = OpenMLData(name="people").samples


def test_a_sparse_set_is_made_dense(tmp_path: Path) -> None:
    put(tmp_path, "counts", SPARSE, "y", format="Sparse_ARFF")
    data = OpenMLData(name="counts", task="regression")
    assert data.samples.inputs.tolist() == [[2, 0], [0, 7], [1, 3]]
    assert data.samples.targets.tolist() == [[1.5], [0], [2.5]]


def test_free_text_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "notes", PEOPLE.replace("age numeric", "age string"), "income")
    with pytest.raises(UserError, match=r"data\.name=notes: STRING attributes are not"):
        _ = OpenMLData(name="notes").samples


def test_no_network_is_one_line(run: Run) -> None:
    ended = run("train", "data=openml", "data.name=credit-g")
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert "data.name=credit-g: OpenML cannot be reached" in ended.err


def test_a_run_takes_the_task_of_the_set(run: Run, tmp_path: Path) -> None:
    put(tmp_path, "people", PEOPLE, "income")
    quick = ["trainer=cpu", "trainer.max_epochs=1"]
    ended = run("train", "data=openml", "data.name=people", *quick)
    assert ended.code == 0, ended.err
    (path,) = tmp_path.glob("logs/default/runs/*/.hydra/config.yaml")
    assert OmegaConf.load(path).task.name == "binary"
