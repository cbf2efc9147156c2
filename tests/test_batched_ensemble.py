"""Members that are trained as one learn what they learn one by one."""

import copy

import pytest
import torch
from conftest import CONF, Compose
from torch import Tensor, nn
from trained_ensembles import FOLDS, WINE, built, ensemble_of, trained, weights

from litmlp.callbacks.diagnosis import Diagnosis
from litmlp.data.data_module import Data
from litmlp.ensemble import Ensemble

ACTIVATIONS = sorted(path.stem for path in CONF.glob("activation/*.yaml"))
ONE_BY_ONE = {"32-true": ["rrelu"], "bf16-mixed": ["prelu", "rrelu"]}
"""Activations that torch's map cannot follow."""


@pytest.mark.parametrize("precision", ONE_BY_ONE)
def test_one_product_for_all_networks_is_the_same_training(
    config: Compose, precision: str
) -> None:
    rtol, atol = {"32-true": (1e-4, 1e-6), "bf16-mixed": (0.05, 0.02)}[precision]
    apart = ONE_BY_ONE[precision]
    others = [name for name in ACTIVATIONS if name not in apart]
    for names in (*([name] for name in apart), *(others[i::5] for i in range(5))):
        as_one, separate, alike = both_ways(config, names, precision)
        assert alike == (names[0] not in apart), names
        for one, other in zip(as_one, separate, strict=True):
            torch.testing.assert_close(one, other, rtol=rtol, atol=atol)


def both_ways(
    config: Compose, names: list[str], precision: str
) -> tuple[list[Tensor], list[Tensor], bool]:
    """A step of an ensemble as one and one by one, with an activation per layer."""
    own = "ensemble=folds", "ensemble.size=3", "embedding=piecewise_linear"
    composed = config(*WINE, *own, f"model.hidden_sizes={[8] * len(names)}")
    composed.model.activation = [config(f"activation={n}").activation for n in names]
    run = built(composed)
    ensemble = ensemble_of(run.model)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
        torch.manual_seed(0)  # of RReLU
        as_one = one_step(ensemble, run.data)
        alike, ensemble.alike = ensemble.alike, False
        torch.manual_seed(0)
        return as_one, one_step(ensemble, run.data), alike


def one_step(ensemble: Ensemble, data: Data) -> list[Tensor]:
    """Outputs, loss and gradients of a batch."""
    targets, folds = data.split_targets["train"][:50], data.training_folds
    assert folds is not None
    ensemble.zero_grad()
    outputs, loss = ensemble.train_on(
        data.split_features["train"][:50],
        folds[:50],
        lambda own, rows: nn.functional.cross_entropy(own, targets[rows]),
    )
    loss.backward()
    gradients = [p.grad for p in ensemble.parameters() if p.grad is not None]
    assert len(gradients) == len([*ensemble.parameters()])
    return [outputs.detach(), loss.detach(), *gradients]


def test_weights_that_move_and_copies_are_joined_anew(config: Compose) -> None:
    run = built(config(*FOLDS))
    ensemble = ensemble_of(run.model)
    one_step(ensemble, run.data)
    moved = 0.9 * weights(ensemble).detach()
    nn.utils.vector_to_parameters(moved, ensemble.parameters())
    copied = copy.deepcopy(ensemble)
    found = one_step(ensemble, run.data)
    assert ensemble.alike
    copied.alike = False
    for one, other in zip(found, one_step(copied, run.data), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    copied.alike = True
    one_step(copied, run.data)
    with torch.no_grad():
        for p in copied.parameters():
            p.zero_()
    assert not one_step(copied, run.data)[0].any()
    assert torch.equal(weights(ensemble), moved)


def test_gradients_of_several_batches_are_added(config: Compose) -> None:
    run = built(config(*FOLDS))
    ensemble = ensemble_of(run.model)
    features = run.data.split_features["train"][:30]
    for _ in range(2):
        _, loss = ensemble.train_on(features, None, lambda own, rows: own.sum())
        loss.backward()
    twice = [p.grad for p in ensemble.parameters()]
    once = torch.autograd.grad(
        sum(member(features).sum() for member in ensemble.members),
        [*ensemble.parameters()],
    )
    for one, other in zip(once, twice, strict=True):
        torch.testing.assert_close(2 * one, other, rtol=1e-4, atol=1e-4)


def test_networks_that_keep_statistics_are_called_one_by_one(config: Compose) -> None:
    own = ("ensemble=seeds", "ensemble.size=2", "batchnorm=before_activation")
    assert not ensemble_of(trained(config, *WINE, *own)).alike


def test_a_batch_that_trains_the_watched_network_alone_is_shown_to_its_hooks(
    config: Compose,
) -> None:
    run = built(config(*FOLDS, "ensemble.size=2"))
    ensemble, seen = ensemble_of(run.model), list[float]()
    first = ensemble.members[0]
    first.register_forward_hook(
        lambda _, inputs, out: seen.append(float(out.detach().sum()))
    )
    features = run.data.split_features["train"][:3]
    folds = torch.ones(3, dtype=torch.long)  # the second network leaves out all rows
    outputs, _ = ensemble.train_on(features, folds, lambda own, rows: own.sum())
    torch.testing.assert_close(outputs, first(features))
    assert len(seen) == 2  # once in training, once in the line above


def test_pictures_of_an_ensemble_change_no_bit(config: Compose) -> None:
    own = (*WINE, "ensemble=folds", "ensemble.size=2", "dropout=fast_dropout")
    watched = trained(config, *own, "callbacks=default", folder="watched")
    callbacks = watched.trainer.callbacks  # type: ignore[attr-defined]  # set by Lightning, not declared
    (diagnosis,) = [c for c in callbacks if isinstance(c, Diagnosis)]
    assert "activation_mean/layer_1" in diagnosis.records[0]
    assert torch.equal(weights(trained(config, *own)), weights(watched))
