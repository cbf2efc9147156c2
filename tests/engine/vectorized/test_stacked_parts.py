"""Batches, losses, metrics and updates of a group are those of each run by itself."""

from collections.abc import Sequence

import pytest
import torch
from conftest import Compose
from torch import Tensor, nn, optim
from torch.optim import Optimizer

from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.vectorized.optimizers import RULES, values_of
from litmlp.engine.vectorized.stacked_loss import sum_of_losses
from litmlp.engine.vectorized.stacked_metrics import measures_of


@pytest.mark.parametrize("rows", [3, 40])
@pytest.mark.parametrize(
    ("loss", "soft"),
    [
        ("loss.label_smoothing=0.2", True),
        ("loss.weight=[1,2,3]", False),
    ],
)
def test_cross_entropies_are_the_sum_of_those_of_each_run(
    config: Compose, loss: str, soft: bool, rows: int
) -> None:
    cfg = config("data=iris", loss)
    model = build_model(cfg, build_data(cfg)).double()
    torch.manual_seed(0)
    outputs = torch.randn(2, rows, 3, dtype=torch.double).requires_grad_()
    fractions = torch.rand(2, rows, 3, dtype=torch.double).softmax(dim=2)
    targets = fractions if soft else fractions.argmax(dim=2)
    pairs = zip(outputs, targets, strict=True)
    alone = torch.stack([model.compute_loss(*pair) for pair in pairs]).sum()
    total = sum_of_losses(model)(outputs, targets)
    torch.testing.assert_close(total, alone)
    slopes = [torch.autograd.grad(loss, outputs)[0] for loss in (total, alone)]
    torch.testing.assert_close(*slopes)


def drawn(targets: Tensor, rows: int) -> Tensor:
    """Draw targets [3, rows] from the first 100 rows; of gauss, from both classes."""
    both = (
        torch.arange(100) if targets[:100].unique().numel() > 1 else targets.argsort()
    )
    return targets[both[torch.randint(0, len(both), (3, rows))]]


@pytest.mark.parametrize("data", ["gauss", "iris", "diabetes"])
def test_every_metric_is_as_a_run_measures_it(config: Compose, data: str) -> None:
    """With ties, and with a class that no run predicts or that has no rows."""
    composed = config(f"data={data}", "trainer.precision=64-true")
    with run_settings(composed):
        source = build_data(composed)
        models = [build_model(composed, source) for _ in range(3)]
        targets = drawn(source.samples.targets, 80)
        outputs = torch.randn(3, 80, models[0].num_outputs).round(decimals=1)
        measures = measures_of(models, outputs, targets)
        for model, measure, *own in zip(
            models, measures, outputs, targets, strict=True
        ):
            values, expected = measure(), model.measure(*own)
            assert list(values) == list(expected)
            for name, value in values.items():
                assert float(value) == pytest.approx(float(expected[name]), abs=1e-6)


@pytest.mark.parametrize("data", ["gauss", "iris", "diabetes"])
def test_the_other_runs_change_no_bit_of_a_metric(config: Compose, data: str) -> None:
    """One of them has diverged; rows are no multiple of what is computed at once."""
    composed = config(f"data={data}")
    source = build_data(composed)
    models = [build_model(composed, source) for _ in range(3)]
    targets = drawn(source.samples.targets, 77)
    outputs = torch.randn(3, 77, models[0].num_outputs)
    outputs[1, 5] = torch.nan
    measures = measures_of(models, outputs, targets)
    for k in (0, 2):
        (alone,) = measures_of(models[k : k + 1], outputs[[k]], targets[[k]])
        assert measures[k]() == alone()


def test_weights_stay_finite_after_a_huge_gradient_as_alone() -> None:
    torch.manual_seed(0)
    gradients = torch.cat([1e20 * torch.randn(1, 2, 5), torch.randn(7, 2, 5)])
    start = torch.randn(2, 5)
    alone = [nn.Parameter(row.clone()) for row in start]
    each = [optim.Adam([own], lr=0.001 * (k + 1)) for k, own in enumerate(alone)]
    for gradient in gradients:
        for own, optimizer, row in zip(alone, each, gradient, strict=True):
            own.grad = row.clone()
            optimizer.step()
    expected = torch.stack([own.detach() for own in alone])
    torch.testing.assert_close(updated(optim.Adam, start, gradients, [0, 1]), expected)


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)
def test_the_other_runs_change_no_bit_of_an_update(kind: type[Optimizer]) -> None:
    """Powers of a count, too: of many numbers at once torch's last digits differ."""
    torch.manual_seed(0)
    runs, start = 35, torch.randn(35, 5, dtype=torch.double)
    gradients = torch.randn(20, runs, 5, dtype=torch.double)
    betas = [(0.9 - k / 100, 0.999 - k / 1000) for k in range(runs)]
    found = [updated(kind, start, gradients, range(runs), betas)]
    found += [updated(kind, start, gradients, [k], betas) for k in range(runs)]
    assert torch.equal(found[0], torch.cat(found[1:]))


def updated(
    kind: type[Optimizer],
    start: Tensor,
    gradients: Tensor,
    indices: Sequence[int],
    betas: Sequence[tuple[float, float]] = (),
) -> Tensor:
    """The weights of some runs after the steps of a group."""
    each = [kind([nn.Parameter(start[k])], lr=0.001 * (k + 1)) for k in indices]
    for k, optimizer in zip(indices, each, strict=True):
        if betas and "betas" in optimizer.param_groups[0]:
            optimizer.param_groups[0]["betas"] = betas[k]
    weights, rule = start[list(indices)], RULES[kind]
    values = values_of(each, weights.device)
    state = rule.state(weights, values)
    for gradient in gradients:
        rule.step(weights, gradient[list(indices)], state, values)
    return weights
