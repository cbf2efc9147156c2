"""Metrics of all members at once are those of each alone."""

import pytest
import torch
from conftest import Compose

from litmlp.build import build_data, build_model
from litmlp.process import settings
from litmlp.vectorized.measures import measure_all, one_by_one


@pytest.mark.parametrize("data", ["gauss", "iris", "diabetes"])
def test_every_metric_is_as_a_member_measures_it(config: Compose, data: str) -> None:
    """With ties, and with a class that no member predicts or that has no rows."""
    composed = config(f"data={data}", "trainer.precision=64-true")
    with settings(composed):
        source = build_data(composed)
        models = [build_model(composed, source) for _ in range(3)]
        targets = source.samples.targets[torch.randint(0, 90, (3, 80))]
        outputs = torch.randn(3, 80, models[0].num_outputs).round(decimals=1)
        found = measure_all(models, outputs, targets)
        for values, expected in zip(
            found, one_by_one(models, outputs, targets), strict=True
        ):
            assert list(values) == list(expected)
            for name, value in values.items():
                assert float(value) == pytest.approx(float(expected[name]), abs=1e-6)
