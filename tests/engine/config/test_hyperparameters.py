"""TensorBoard's HParams tab, read back through TensorBoard's own backend."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Compose, Run
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import (
    EventMultiplexer,
)
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.backend_context import Context
from tensorboard.plugins.hparams.list_session_groups import Handler

from litmlp.engine.config.hyperparameters import hyperparameters
from litmlp.engine.folder.run_folder import read_summary

STATUSES = [
    api_pb2.STATUS_UNKNOWN,
    api_pb2.STATUS_RUNNING,
    api_pb2.STATUS_SUCCESS,
    api_pb2.STATUS_FAILURE,
]


def hparams_tab(folder: Path) -> tuple[dict[str, bool], list[Any]]:
    """Return the columns, with whether they differ, and one row per run."""
    events = EventMultiplexer()
    events.AddRunsFromDirectory(str(folder))
    events.Reload()
    provider = MultiplexerDataProvider(events, str(folder))
    context, request = Context(TBContext(data_provider=provider)), RequestContext()
    content = context.hparams_metadata(request, "")
    experiment = context.experiment_from_metadata(request, "", True, content, [])
    columns = {column.name: column.differs for column in experiment.hparam_infos}
    asked = api_pb2.ListSessionGroupsRequest(
        start_index=0,
        slice_size=100,
        allowed_statuses=STATUSES,
        col_params=[api_pb2.ColParams(metric=m.name) for m in experiment.metric_infos],
    )
    return columns, list(Handler(request, context, "", asked).run().session_groups)


def value_of(row: Any, column: str) -> Any:
    value = row.hparams[column]
    return getattr(value, value.WhichOneof("kind")) if value.WhichOneof("kind") else ""


def test_runs_with_different_keys_share_a_table(run: Run, tmp_path: Path) -> None:
    quick = ["data=iris", "trainer=cpu", "trainer.max_epochs=2"]
    choices = ["optimizer=adam,momentum", "model.hidden_sizes=[16,8]"]
    run("train", "-m", *quick, *choices, f"hydra.sweep.dir={tmp_path}/sweep")
    columns, rows = hparams_tab(tmp_path / "sweep")
    assert {"optimizer", "optimizer.betas", "optimizer.momentum"} <= columns.keys()
    assert columns["optimizer"]
    assert columns["optimizer.lr"]
    assert not columns["activation"]
    assert not {"hp_metric", "folder", "task.class_names"} & columns.keys()
    found = {value_of(row, "optimizer"): row for row in rows}
    assert found.keys() == {"adam", "momentum"}
    assert value_of(found["adam"], "optimizer.betas") == "0.9-0.999"
    assert value_of(found["adam"], "optimizer.momentum") == ""
    assert value_of(found["momentum"], "optimizer.momentum") == 0.9
    assert value_of(found["momentum"], "model.hidden_sizes") == "16-8"
    assert value_of(found["adam"], "activation") == "relu"
    assert value_of(found["adam"], "data") == "iris"
    for row in rows:
        (session,) = row.sessions
        assert session.status == api_pb2.STATUS_SUCCESS
        summary = read_summary(tmp_path / "sweep" / session.name)
        values = {m.name.tag: m.value for m in row.metric_values}
        metrics = summary["metrics"]
        assert values["accuracy/test"] == pytest.approx(metrics["accuracy/test"])
        assert values["best/loss/val"] == pytest.approx(summary["best_value"])
        assert values["best_epoch"] == summary["best_epoch"]
        assert 0 < values["seconds"] <= summary["wall_seconds"] + 1e-3  # rounded
        assert "hp_metric" not in values


def test_a_run_that_fails_is_shown_as_a_failure(run: Run, tmp_path: Path) -> None:
    diverging = ["optimizer=sgd", "optimizer.lr=1e30", "trainer.detect_anomaly=true"]
    quick = ["data=iris", "trainer=cpu", "trainer.max_epochs=5"]
    run("train", "-m", *quick, *diverging, f"hydra.sweep.dir={tmp_path}/run")
    _, rows = hparams_tab(tmp_path / "run")
    assert [session.status for row in rows for session in row.sessions] == [
        api_pb2.STATUS_FAILURE
    ]


def test_references_to_other_keys_are_left_out(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    composed = config("data=wine", "model.hidden_sizes=[8]", "++data.x=${oc.env:TOKEN}")
    found = hyperparameters(composed, {"data": "wine", "hydra/launcher": "basic"})
    assert found["data"] == "wine"
    assert found["model.hidden_sizes"] == "8"
    assert found["optimizer.lr"] == 1e-3
    assert "secret" not in str(found)
    assert "TOKEN" not in str(found)
    assert "seeds.order" not in found
    assert "hydra/launcher" not in found
    assert list(found) == sorted(found)
