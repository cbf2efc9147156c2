"""The doctor names what ails a sick run, a cure that works, and nothing in health."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import CONF, Compose

from litmlp.engine.diagnosis.training_problems import TrainingHistory, doctors_note
from litmlp.engine.folder import run_folder
from litmlp.engine.run.train import train

RANDOM_OUTPUT = "initializer@output_initializer=xavier_uniform"
DEEP = "model.hidden_sizes=[32,32,32,32,32,32]"

SICK = {
    "deep sigmoid": (
        f"data=wine activation=sigmoid initializer=xavier_uniform {DEEP}",
        "the gradient of layer",
    ),
    "dead by bias": (
        "data=wine initializer@bias_initializer=constant bias_initializer.val=-20",
        "100 % of the ReLU units are dead → initializer@bias_initializer=zeros or ",
    ),
    "dead by learning rate": (
        "data=digits optimizer=sgd optimizer.lr=3 trainer.max_epochs=3",
        "100 % of the ReLU units are dead → optimizer.lr=0.3 or activation=leaky_relu",
    ),
    "not a number": (
        "data=diabetes optimizer=sgd optimizer.lr=1e3",
        "loss/train is not a finite number after epoch 1 → optimizer.lr=100 or "
        "trainer.gradient_clip_val=1.0",
    ),
    "diverging": (
        "data=wine activation=leaky_relu optimizer.lr=3",
        "loss/train has risen from",
    ),
    "too small a learning rate": (
        "data=wine optimizer.lr=1e-6",
        "of the weights, and loss/train has only fallen from",
    ),
    "zeros": (
        f"data=wine initializer=zeros {RANDOM_OUTPUT}",
        "layers 1, 2: all units have the same weights and learn the same "
        "→ initializer=kaiming_uniform",
    ),
    "constant": (
        "data=wine initializer=constant activation=tanh",
        "layers 1, 2: all units have the same weights and learn the same "
        "→ initializer=xavier_uniform",
    ),
    "too wide a normal": (
        "data=wine activation=tanh initializer=normal",
        "of the Tanh outputs are saturated → initializer=xavier_uniform or",
    ),
    "exploding": (
        f"data=wine initializer=normal {DEEP}",
        "times as wide in layer 6 as in layer 1 → initializer=kaiming_uniform",
    ),
    "fading": (
        f"data=wine initializer=sparse initializer.std=0.01 {DEEP}",
        "e-08 times as wide in layer 6 as in layer 1 → initializer=kaiming_uniform",
    ),
    "too simple": ("data=xor model=linear", "→ model.hidden_sizes=[16]"),
    "nothing but lines": ("data=xor activation=identity", "→ activation=relu"),
    "overfitting": (
        "data=diabetes model.hidden_sizes=[256,256] trainer.max_epochs=40 "
        "callbacks.early_stopping.patience=60",
        "it learns its rows by heart → dropout=dropout dropout.p=0.5 or penalty",
    ),
}
CURED_AT_ONCE = set(SICK) - {"not a number", "diverging", "nothing but lines"}
"""A tenth of the two learning rates is too large, too, and the lines need more time."""

SHORT = "trainer.max_epochs=20"
BUNDLED = ("iris", "wine", "breast_cancer", "digits", "diabetes")
PLAYGROUND_DATA = ("circle", "xor", "gauss", "spiral", "plane", "gauss_regression")
PLAYGROUND = sorted(path.stem for path in CONF.glob("experiment/playground/*.yaml"))
FAILING = {
    "linear_on_xor": "loss/train has stayed at",
    "sigmoid_on_spiral": "the gradient of layer 1 is",
}


def note(config: Compose, *overrides: str, folder: str = "run") -> list[str]:
    composed = config("trainer=cpu", *overrides, folder=folder)
    train(composed)
    found: list[str] = run_folder.read_summary(Path(composed.folder))["doctors_note"]
    return found


@pytest.mark.parametrize("name", SICK)
def test_a_sick_run_has_this_finding_and_no_other(name: str, config: Compose) -> None:
    words, expected = SICK[name]
    overrides = [SHORT, *words.split()]
    (finding,) = note(config, *overrides)
    assert expected in finding
    if name in CURED_AT_ONCE:
        cure = finding.partition("→ ")[2].partition(" or ")[0]
        group = cure.split("=")[0].split("@")[-1]
        kept = [text for text in overrides if not text.startswith(f"{group}.")]
        assert note(config, *kept, *cure.split(), folder="cured") == []


HEALTHY = [
    "data=digits trainer.max_epochs=12",
    "data=wine model=linear",
    "data=gauss activation=tanh initializer=xavier_uniform optimizer=sgd",
    "data=diabetes data.batch_size=1 trainer.max_epochs=2",
]


@pytest.mark.parametrize("overrides", HEALTHY)
def test_a_healthy_run_has_no_finding(overrides: str, config: Compose) -> None:
    assert note(config, SHORT, *overrides.split()) == []


@pytest.mark.slow
@pytest.mark.parametrize("data", [*BUNDLED, *PLAYGROUND_DATA])
def test_the_defaults_are_healthy_on_all_data(data: str, config: Compose) -> None:
    assert note(config, f"data={data}") == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAYGROUND)
def test_the_playground_is_healthy_where_it_does_not_mean_to_fail(
    name: str, config: Compose
) -> None:
    found = note(config, f"experiment=playground/{name}", "callbacks=default")
    assert len(found) == (name in FAILING)
    assert all(FAILING[name] in finding for finding in found)


def test_a_run_without_diagnosis_has_an_empty_note(config: Compose) -> None:
    choices = ("data=iris", "callbacks=minimal", "optimizer.lr=1e9")
    assert note(config, SHORT, *choices) == []


RECORD = {
    "loss": 1.0,
    "activation_spread/layer_1": 1.0,
    "activation_spread/layer_2": 1.0,
    "dead_share/layer_1": 0.1,
    "saturated_share/layer_2": 0.1,
    "alike_share/layer_1": 0.0,
    "gradient_norm/layer_1": 0.5,
    "gradient_norm/layer_2": 0.4,
    "gradient_norm/output": 3.0,
    "gradient_norm/all": 4.0,
    "update_ratio/layer_1": 1e-3,
    "update_ratio/output": 1e-3,
}


def found(
    first: dict[str, float] | None = None,
    last: dict[str, float] | None = None,
    *,
    train: Sequence[float] = (0.8, 0.5, 0.45, 0.4),
    val: Sequence[float] = (0.9, 0.6, 0.55, 0.5),
    lr: float = 0.01,
    steps: int = 1000,
) -> list[str]:
    """The note on a healthy run but for the values given."""
    return doctors_note(
        TrainingHistory(
            records=[RECORD | (first or {}), RECORD | (last or {})],
            losses={"loss/train": train, "loss/val": val},
            activations={"layer_1": "ReLU", "layer_2": "Tanh"},
            lr=lr,
            steps=steps,
        )
    )


LATE, FLAT = ({"saturated_share/layer_2": share} for share in (0.45, 0.6))
DEAD = {"dead_share/layer_1": 0.623}
VANISHED = {"gradient_norm/layer_1": 4e-7}
SMALL = {"update_ratio/layer_1": 1e-5}
LITTLE, STILL = (1.0, 0.9, 0.9), (1.0, 1.01, 0.99, 1.0)
FALLS, RISES = [0.5, 0.3, 0.1, 0.05, 0.04, 0.03], [0.6, 0.5, 0.6, 0.8, 0.9, 1.0]
JUMPS = [0.9, 0.4, 0.8, 0.4, 0.8, 0.9]
NO_GRADIENT = {f"gradient_norm/layer_{i}": 0.0 for i in (1, 2)}


@pytest.mark.parametrize(
    ("values", "start"),
    [
        (dict(), None),
        (dict(first=NO_GRADIENT), None),
        (dict(val=()), None),
        (dict(last={"dead_share/layer_1": 0.49}), None),
        (dict(last=DEAD), "layer 1: 62 % of the ReLU units are dead → optimizer.lr=0"),
        (dict(last=LATE), None),
        (dict(first=LATE), None),  # it got over it
        (dict(last=FLAT), None),  # it has learned
        (dict(last=FLAT, train=LITTLE), "layer 2: 60 % of the Tanh outputs are satura"),
        (dict(last=VANISHED), None),
        (dict(first=SMALL, last=SMALL), None),
        (dict(train=STILL, steps=50), None),  # there was no time
        (dict(train=STILL), "loss/train has stayed at 1 → optimizer.lr=0.1"),
        (dict(train=RISES, val=RISES), None),
        (dict(train=FALLS, val=[0.6, 0.5, 0.52, 0.55, 0.56, 0.56]), None),
        (dict(train=FALLS, val=JUMPS), "loss/val goes up and down from epoch to epoch"),
        (dict(last=DEAD, train=(1, math.nan)), "loss/train is not a finite number aft"),
    ],
)
def test_a_threshold_separates_sick_from_healthy(
    values: dict[str, Any], start: str | None
) -> None:
    note = found(**values)
    assert [line[: len(start or "")] for line in note] == ([start] if start else [])


@pytest.mark.parametrize("epochs", range(1, 8))
def test_a_run_of_few_epochs_whose_losses_fall_is_healthy(epochs: int) -> None:
    falls = [0.9 * 0.4**epoch for epoch in range(epochs)]
    late = [27.3, *falls]  # the first epoch's mean is that of wild first steps
    assert found(train=falls, val=falls) == []
    assert found(train=late, val=falls) == []
    assert found(train=falls, val=[*falls[1:], 0.95 * falls[-1]]) == []
