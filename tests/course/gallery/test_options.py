"""The options that arguments name, and the objects built from them."""

import pytest
import torch
from conftest import CONF

from litmlp.course.gallery.options import Option, choose
from litmlp.errors import UserError


def names(*arguments: str) -> list[str]:
    return [option.headline for option in choose(arguments)]


def test_groups_and_options_can_be_mixed_and_named_twice() -> None:
    files = sorted((CONF / "dropout").glob("*.yaml"))
    expected = [*(f"dropout={path.stem}" for path in files), "loss=mse", "loss=mae"]
    assert names("dropout", "loss=mse,mae", "dropout=none") == expected
    assert "initializer=given" not in names("initializer"), "it waits for a value"


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("activaton", "activaton: the gallery has no such group. Did you mean activ"),
        ("penalty=l1", "penalty: the gallery has no such group. Allowed: activation"),
        ("optimizer=adm", "optimizer=adm: no such option. Did you mean adam?"),
        ("optimizer=adam,sdg", "optimizer=sdg: no such option. Did you mean sgd?"),
        ("loss=", "loss=: no such option. Allowed: binary_cross_entropy"),
    ],
)
def test_a_mistake_names_the_nearest_choice(argument: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        choose(["activation=relu", argument])
    assert str(error.value).startswith(message)


def test_a_value_goes_to_its_group_or_else_to_all() -> None:
    slope = "activation.negative_slope=0.3"
    leaky = ["loss=mse", f"activation=leaky_relu {slope}"]
    assert names("loss=mse", "activation=leaky_relu", slope) == leaky
    given = ["scheduler=step optimizer.lr=0.1"]
    assert names("scheduler=step", "optimizer.lr=0.1") == given


def test_a_learning_rate_counts_as_given_only_if_it_is() -> None:
    assert Option("optimizer", "sgd").build()[1] is None
    assert Option("optimizer", "sgd", ("optimizer.lr=0.7",)).build()[1] == 0.7


def test_an_initializer_comes_with_the_biases_of_its_file() -> None:
    bias = torch.ones(3)
    Option("initializer", "torch_default").build()[1](bias)
    assert bias.tolist() == [1, 1, 1]
    Option("initializer", "ones").build()[1](bias)
    assert bias.tolist() == [0, 0, 0]


def test_description_is_the_first_comment_without_addresses() -> None:
    assert Option("activation", "gelu").description == "x · Φ(x), a smooth ReLU"
    momentum = Option("optimizer", "momentum").description  # its address has brackets
    assert momentum.endswith("w ← w − lr · v")
