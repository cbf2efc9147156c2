"""Pictures in TensorBoard and in the run's folder, and the tabs around them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Compose, Run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

from litmlp.callbacks.tensorboard_layout import layout
from litmlp.engine.config.build import build_data
from litmlp.engine.diagnosis.network_layers import layer_outputs
from litmlp.mlp import MLP

QUICK = ("trainer=cpu", "callbacks=full", "model.hidden_sizes=[4]")


def events_of(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"images": 0}).Reload()


def train(run: Run, folder: Path, *choices: str) -> EventAccumulator:
    ended = run("train", *QUICK, *choices, f"hydra.run.dir={folder}")
    assert ended.code == 0, ended.err
    return events_of(folder)


@pytest.mark.parametrize("data", ["xor", "gauss_regression"])
def test_the_surface_is_drawn_as_it_forms(data: str, run: Run, tmp_path: Path) -> None:
    small = [f"data={data}", "data.num_samples=60", "data.inputs=[x1,x2,x1_x2]"]
    limit = ["trainer.max_epochs=5", "logger.x_axis=epoch"]
    events = train(run, tmp_path / "run", *small, *limit)
    images = events.Images("decision_surface")
    assert [image.step for image in images] == [0, 1, 2, 4, 5]
    assert len({image.encoded_image_string for image in images}) == 5
    latest = tmp_path / "run" / "figures" / "decision_surface.png"
    assert latest.read_bytes() == images[-1].encoded_image_string


def test_rows_that_lack_a_number_have_no_place(run: Run, tmp_path: Path) -> None:
    rows = [f"{i % 7},{i % 5 or ''},{i % 2}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *rows]))
    table = ("data=table", "data.path=t.csv", "data.target=y", "task=binary")
    events = train(run, tmp_path / "run", *table, "trainer.max_epochs=1")
    assert [image.step for image in events.Images("decision_surface")] == [0, 1]


def test_other_data_have_no_plane(run: Run, tmp_path: Path) -> None:
    events = train(run, tmp_path / "run", "data=diabetes", "trainer.max_epochs=1")
    found = {image.split("/")[0] for image in events.Tags()["images"]}
    assert found == {"predicted_vs_true", "residuals", "first_layer_weights"}


def test_results_of_a_classifier_are_shown(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    events = train(run, folder, "data=wine", "trainer.max_epochs=2")
    pictures = ["calibration", "confusion_matrix", "first_layer_weights"]
    pictures += ["precision_recall", "roc"]
    assert sorted(path.stem for path in folder.glob("figures/*.png")) == pictures
    assert sorted(events.Tags()["images"]) == pictures
    curves = [tag for tag in events.Tags()["tensors"] if tag.startswith("pr/")]
    assert len(curves) == 3
    (labels,) = folder.glob("*/last_hidden/metadata.tsv")
    assert len(labels.read_text().splitlines()) == 36
    assert events.Tags()["graph"]
    check_page(events)


def check_page(events: EventAccumulator) -> None:
    """One page of charts tells the story, and has its curves."""
    proto = events.Tensors("custom_scalars__config__")[0].tensor_proto
    page = Layout.FromString(proto.string_val[0])
    titles = [category.title for category in page.category]
    assert titles == [*layout(["loss", "accuracy", "f1"])]
    fit, *_, others = ([chart.title for chart in c.chart] for c in page.category)
    assert fit == ["loss", "accuracy", "generalization gap: loss/val − loss/train"]
    assert others == ["f1", "precision", "recall", "auroc"]
    assert "other metrics" not in layout(["loss", "r2"])
    gap = [point.value for point in events.Scalars("generalization_gap")]
    losses = [[p.value for p in events.Scalars(f"loss/{s}")] for s in ("val", "train")]
    assert gap == pytest.approx(list(np.subtract(*losses)), abs=1e-6)
    momentum = [point.value for point in events.Scalars("momentum")]
    assert momentum == pytest.approx([0.9, 0.9])


def test_points_of_the_plane_are_what_the_network_sees(config: Compose) -> None:
    data = build_data(config("data=circle", "data.inputs=[x2,x1_squared]"))
    plane = data.plane
    assert plane is not None
    torch.testing.assert_close(plane.to_inputs(plane.points), data.samples.inputs)
    assert build_data(config("data=iris")).plane is None


def test_a_layers_outputs_are_those_of_its_activation() -> None:
    network = MLP(num_features=3, num_outputs=2, hidden_sizes=[5, 4])
    rows = torch.randn(7, 3)
    outputs = layer_outputs(network, rows)
    assert list(outputs) == ["layer_1", "layer_2", "output"]
    torch.testing.assert_close(outputs["layer_1"], network.hidden[0](rows))
    torch.testing.assert_close(outputs["output"], network(rows))
    assert network.training
