"""Metrics of all members at once are those of each alone."""

import pytest
import torch
from conftest import Compose

from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.vectorized.stacked_metrics import measures_of


@pytest.mark.parametrize("data", ["gauss", "iris", "diabetes"])
def test_every_metric_is_as_a_member_measures_it(config: Compose, data: str) -> None:
    """With ties, and with a class that no member predicts or that has no rows."""
    composed = config(f"data={data}", "trainer.precision=64-true")
    with run_settings(composed):
        source = build_data(composed)
        models = [build_model(composed, source) for _ in range(3)]
        targets = source.samples.targets[torch.randint(0, 90, (3, 80))]
        outputs = torch.randn(3, 80, models[0].num_outputs).round(decimals=1)
        together = measures_of(models, outputs, targets)
        for model, measure, *own in zip(
            models, together, outputs, targets, strict=True
        ):
            values, expected = measure(), model.measure(*own)
            assert list(values) == list(expected)
            for name, value in values.items():
                assert float(value) == pytest.approx(float(expected[name]), abs=1e-6)


@pytest.mark.parametrize("data", ["gauss", "iris", "diabetes"])
def test_who_else_is_measured_changes_no_bit(config: Compose, data: str) -> None:
    """One of them has diverged; rows are no multiple of what is computed at once."""
    composed = config(f"data={data}")
    source = build_data(composed)
    models = [build_model(composed, source) for _ in range(3)]
    targets = source.samples.targets[torch.randint(0, 90, (3, 77))]
    outputs = torch.randn(3, 77, models[0].num_outputs)
    outputs[1, 5] = torch.nan
    together = measures_of(models, outputs, targets)
    for k in (0, 2):
        (alone,) = measures_of(models[k : k + 1], outputs[[k]], targets[[k]])
        assert together[k]() == alone()
