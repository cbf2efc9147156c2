"""The paths of optimizers, against steps by hand."""

from functools import partial

import pytest
import torch
from built import parts
from torch import Tensor

from litmlp.course.gallery.optimizer import (
    STEPS,
    SURFACES,
    Surface,
    descend,
    measure,
)


def gradient(surface: Surface, point: Tensor) -> Tensor:
    point = point.clone().requires_grad_()
    return torch.autograd.grad(surface.height(point), point)[0]


@pytest.mark.parametrize("name", SURFACES)
def test_sgd_walks_against_the_gradient(name: str) -> None:
    surface = SURFACES[name]
    points = descend(surface, partial(torch.optim.SGD, lr=0.1))
    assert points.shape == (STEPS + 1, 2)
    expected = torch.tensor(surface.start, dtype=torch.float64)
    for point in points:
        assert torch.allclose(point, expected)
        expected = expected - 0.1 * gradient(surface, expected)


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_have_their_minima_where_they_say(name: str) -> None:
    surface = SURFACES[name]
    (left, bottom), (right, top) = surface.view
    x, y = (
        torch.linspace(a, b, 401).double() for a, b in ((left, right), (bottom, top))
    )
    heights = surface.relative_height(torch.cartesian_prod(x, y))
    assert heights.min() == pytest.approx(0, abs=1e-3)
    assert heights.min() > -1e-6
    for lowest in surface.lowest:
        point = torch.tensor(lowest, dtype=torch.float64)
        assert surface.relative_height(point) == pytest.approx(0, abs=1e-6)
        assert gradient(surface, point).abs().max() < 1e-3
    start = torch.tensor(surface.start, dtype=torch.float64)
    assert surface.relative_height(start) == 1


def ends(name: str) -> dict[str, float]:
    paths = measure(*parts("optimizer", name))
    return {surface: float(h[-1]) for surface, h in paths.heights.items()}


def test_the_surfaces_tell_optimizers_apart() -> None:
    sgd, momentum, adam = ends("sgd"), ends("momentum"), ends("adam")
    assert sgd["plateau"] > 0.9 > 0.05 > adam["plateau"]
    assert sgd["local_minimum"] > 0.2
    assert adam["local_minimum"] > 0.2
    assert momentum["local_minimum"] < 0.05, "it rolls through the first well"
    assert max(sgd["saddle"], momentum["saddle"], adam["saddle"]) < 0.05
    assert ends("lbfgs")["ravine"] < 1e-9


def test_the_learning_rate_is_the_smallest_that_gets_down() -> None:
    paths = measure(torch.optim.SGD)
    assert paths.lr == 0.3
    assert paths.typical_end < 0.05
    assert measure(torch.optim.SGD, lr=0.1).typical_end > 0.05
    assert paths.why.startswith("the smallest of 0.001, 0.003")


def test_a_learning_rate_that_suffices_or_is_given_is_kept() -> None:
    own = measure(partial(torch.optim.SGD, lr=0.35))
    assert (own.lr, own.why) == (0.35, "its file's own")
    given = measure(partial(torch.optim.SGD, lr=0.35), lr=1e-5)
    assert (given.lr, given.why) == (1e-5, "as given")
