"""OpenML: what scikit-learn's ``fetch_openml`` returns, read as a table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import Run
from omegaconf import OmegaConf
from scipy.sparse import csr_array
from sklearn.utils import Bunch

from litmlp.data.openml import OpenMLData, fetch
from litmlp.errors import UserError

PEOPLE = np.array([[i / 2, i % 2, i % 2, i % 2] for i in range(30)])
PEOPLE[3, 0] = PEOPLE[4, 1] = PEOPLE[5, 3] = np.nan
CATEGORIES = {
    "home town": ["Rome", "Oslo (N)", "Bern"],
    "rating": ["10", "9", "8"],
    "income": ["low", "high", "none"],
}

Answer = Callable[[Callable[[], Any]], None]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """answer(call): OpenML answers what the call returns or raises."""
    fetch.cache_clear()

    def replace_fetching(call: Callable[[], Any]) -> None:
        monkeypatch.setattr("litmlp.data.openml.fetch_openml", lambda *_, **__: call())

    return replace_fetching


def people(target: str | None = "income") -> Bunch:
    return Bunch(
        data=PEOPLE,
        feature_names=["age", *CATEGORIES],
        categories=CATEGORIES,
        details={"default_target_attribute": target},
    )


def test_a_set_is_read_with_its_names(
    answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    answer(people)
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


def test_another_target_can_be_chosen(answer: Answer) -> None:
    answer(people)
    data = OpenMLData(name="people", target="age", drop=["rating"])
    assert data.infer_task() == "regression"
    assert [column.name for column in data.samples.columns] == ["home town", "income"]
    with pytest.raises(UserError, match=r"OpenML people: no column ag\. Did you"):
        _ = OpenMLData(name="people", target="ag").samples


def test_a_set_without_a_target_of_its_own_asks_for_one(answer: Answer) -> None:
    answer(lambda: people(target=None))
    with pytest.raises(UserError, match=r"names no target: give data\.target=…"):
        _ = OpenMLData(name="people").samples


def test_a_sparse_set_is_made_dense(answer: Answer) -> None:
    rows = csr_array([[1.5, 2, 0], [0, 0, 7], [2.5, 1, 3]])
    details = {"default_target_attribute": "y"}
    names = ["y", "a", "b"]
    answer(
        lambda: Bunch(data=rows, feature_names=names, categories={}, details=details)
    )
    data = OpenMLData(name="counts", task="regression")
    assert data.samples.inputs.tolist() == [[2, 0], [0, 7], [1, 3]]
    assert data.samples.targets.tolist() == [[1.5], [0], [2.5]]


def test_free_text_is_refused(answer: Answer) -> None:
    def refuse() -> Bunch:
        raise ValueError("STRING attributes are not supported. Try as_frame=True")

    answer(refuse)
    with pytest.raises(UserError, match=r"=notes: STRING attributes are not supported"):
        _ = OpenMLData(name="notes").samples


def test_no_network_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nothing listens
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    ended = run("train", "data=openml", "data.name=credit-g")
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert "data.name=credit-g: OpenML cannot be reached" in ended.err


def test_a_run_takes_the_task_of_the_set(
    answer: Answer, run: Run, tmp_path: Path
) -> None:
    answer(people)
    quick = ["trainer=cpu", "trainer.max_epochs=1"]
    ended = run("train", "data=openml", "data.name=people", *quick)
    assert ended.code == 0, ended.err
    (path,) = tmp_path.glob("logs/default/runs/*/.hydra/config.yaml")
    assert OmegaConf.load(path).task.name == "binary"
