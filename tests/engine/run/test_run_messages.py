"""What TensorBoard's text tab says of a run."""

import json
from pathlib import Path

import pytest
from conftest import Run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

from litmlp.data.samples import Column
from litmlp.engine.run.run_messages import MOST_COLUMNS, described


def texts(folder: Path) -> dict[str, str]:
    events = EventAccumulator(str(folder)).Reload()
    return {
        tag.removesuffix("/text_summary"): events.Tensors(tag)[-1]
        .tensor_proto.string_val[0]
        .decode()
        for tag in events.Tags()["tensors"]
        if tag.endswith("/text_summary")
    }


def test_the_text_tab_says_what_the_run_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "secret123")
    choices = ["data=iris", "trainer=cpu", "trainer.max_epochs=1", "optimizer=sgd"]
    choices += ["name=${oc.env:TOKEN}", f"hydra.run.dir={tmp_path}/run"]
    assert run("train", *choices).code == 0
    pages = texts(tmp_path / "run")
    assert "_target_: torch.optim.SGD" in pages["config"]
    assert "secret123" not in str(pages)
    assert "order: ${seed}" in pages["config"]
    assert "optimizer=sgd" in pages["overrides"]
    assert "| train | 96 |" in pages["data"]
    assert "| sepal length (cm) | numeric |" in pages["data"]
    assert "hidden.0.linear" in pages["model"]
    assert "| torch |" in pages["versions"]
    assert "| git commit |" in pages["versions"]


def test_the_text_tab_has_the_doctors_note(run: Run, tmp_path: Path) -> None:
    sick = ["data=iris", "trainer=cpu", "trainer.max_epochs=3", "optimizer.lr=1e9"]
    assert run("train", *sick, f"hydra.run.dir={tmp_path}/run").code == 0
    note = json.loads((tmp_path / "run" / "summary.json").read_text())["doctors_note"]
    assert note
    assert texts(tmp_path / "run")["doctors_note"].splitlines() == [
        f"- {finding}" for finding in note
    ]


def test_a_table_of_thousands_of_columns_is_cut() -> None:
    columns = [Column(name=f"x{i}") for i in range(MOST_COLUMNS + 5)]
    rows = described(columns)
    assert len(rows) == MOST_COLUMNS + 1
    assert rows[-1] == ("…", "", "5 more")


def test_the_console_says_what_is_trained(run: Run, tmp_path: Path) -> None:
    quick = ["data=diabetes", "trainer=cpu", "trainer.max_epochs=1"]
    layers = ["model.activation=[tanh,relu]", "callbacks=[minimal,early]"]
    (tmp_path / "conf" / "callbacks").mkdir(parents=True)
    (tmp_path / "conf" / "callbacks" / "early.yaml").write_text(
        "stop:\n  _target_: lightning.pytorch.callbacks.EarlyStopping\n"
        "  monitor: ${monitor}\n"
    )
    more = ["trainer.precision=16-mixed", f"hydra.searchpath=[file://{tmp_path}/conf]"]
    ended = run("train", *quick, *layers, *more, "optimizer.lr=0.01")
    assert ended.code == 0
    assert ended.err == ""
    trained = "data=diabetes model=mlp loss=mse optimizer=adam optimizer.lr=0.01"
    assert f"trains       {trained}\n" in ended.out
    (own,) = (li for li in ended.out.splitlines() if li.startswith("not default  "))
    assert set(own.removeprefix("not default  ").split()) == {
        *("data=diabetes", "trainer=cpu"),
        *("callbacks=[minimal,early]", "model.activation=[tanh,relu]"),
        *("optimizer.lr=0.01", "trainer.max_epochs=1", "trainer.precision=16-mixed"),
    }
    assert "a CPU has no 16-mixed: this run trains in bf16-mixed" in ended.out
    (folder,) = tmp_path.glob("logs/default/runs/*")
    sessions = EventAccumulator(str(folder)).Reload().PluginTagToContent("hparams")
    start = metadata.parse_session_start_info_plugin_data(
        sessions[metadata.SESSION_START_INFO_TAG]
    )
    assert start.group_name == f"{own.removeprefix('not default  ')} {folder.name}"
