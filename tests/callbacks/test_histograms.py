"""TensorBoard's histograms hold the numbers of each layer."""

import pytest
from conftest import Compose
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litmlp.callbacks.histograms import Histograms
from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.run.train import train
from litmlp.errors import UserError


def test_histograms_are_of_all_weights_gradients_and_activations(
    config: Compose,
) -> None:
    composed = config(
        "data=diabetes",
        "data.batch_size=full",
        "initializer@output_initializer=xavier_uniform",
        "trainer=cpu",
        "trainer.max_epochs=13",
        "callbacks=full",
    )
    train(composed)
    events = EventAccumulator(composed.folder, {"histograms": 0}).Reload()
    with run_settings(composed):
        data = build_data(composed)
        model = build_model(composed, data)
        ((features, targets),) = data.train_dataloader()
        model.compute_loss(model(features), targets).backward()
    weight = model.network.hidden[0].linear.weight
    expected = {
        "weight/layer_1": weight,
        "gradient/layer_1": weight.grad,
        "activation/layer_1": model.network.hidden[0](features),
    }
    for tag, values in expected.items():
        first = events.Histograms(tag)[0].histogram_value
        assert first.num == values.numel() == sum(first.bucket)
        assert first.min == pytest.approx(values.min().item(), rel=1e-4)
        assert first.sum == pytest.approx(values.sum().item(), rel=1e-3, abs=1e-4)
        assert len(first.bucket) <= 31
    names = ("layer_1", "layer_2", "output")
    tags = {f"{kind}/{name}" for kind in ("weight", "gradient") for name in names}
    tags |= {"activation/layer_1", "activation/layer_2"}
    assert set(events.Tags()["histograms"]) == tags
    assert [event.step for event in events.Histograms("weight/output")] == [
        0,
        1,
        10,
        12,
    ]


def test_numbers_that_are_not_finite_are_left_out(config: Compose) -> None:
    composed = config(
        "data=diabetes",
        "optimizer=sgd",
        "optimizer.lr=1e30",
        "trainer=cpu",
        "trainer.max_epochs=3",
        "callbacks=full",
        "~callbacks.early_stopping",
    )
    train(composed)
    events = EventAccumulator(composed.folder, {"histograms": 0}).Reload()
    assert len(events.Histograms("weight/layer_1")) == 1


def test_bins_below_one_are_a_mistake() -> None:
    with pytest.raises(UserError, match="bins=0: must be 1 or more"):
        Histograms(bins=0)
