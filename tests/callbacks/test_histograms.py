"""TensorBoard's histograms hold the numbers of each layer."""

import pytest
from conftest import Compose
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.run.train import train

FULL = ("data=diabetes", "trainer=cpu", "callbacks=full")


def test_histograms_are_of_all_weights_gradients_and_activations(
    config: Compose,
) -> None:
    random = "initializer@output_initializer=xavier_uniform"
    composed = config(*FULL, "data.batch_size=full", random, "trainer.max_epochs=13")
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
    steps = [event.step for event in events.Histograms("weight/output")]
    assert steps == [0, 1, 10, 12]


def test_numbers_that_are_not_finite_are_left_out(config: Compose) -> None:
    huge = ("optimizer=sgd", "optimizer.lr=1e30", "trainer.max_epochs=3")
    composed = config(*FULL, *huge, "~callbacks.early_stopping")
    train(composed)
    events = EventAccumulator(composed.folder, {"histograms": 0}).Reload()
    assert len(events.Histograms("weight/layer_1")) == 1
