"""The doctor names what ails a sick run, a cure that works, and nothing in health."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import CONF, Compose

from litmlp.engine.diagnosis.training_history import TrainingHistory
from litmlp.engine.diagnosis.training_problems import doctors_note
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
    "ones": (
        "data=wine initializer=ones optimizer.lr=0.01",
        "layers 1, 2: all units have the same weights",
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
    "data=diabetes",
    "data=spiral",
    "data=gauss_regression dropout=dropout",
    "data=wine model=linear",
    "data=wine batchnorm=before_activation",
    "data=iris trainer.max_epochs=1",
    "data=gauss activation=tanh initializer=xavier_uniform optimizer=sgd",
    "data=wine data.validation_share=0",
    "data=diabetes data.batch_size=1 trainer.max_epochs=2",
    "data=wine data.batch_size=full optimizer=lbfgs trainer.max_epochs=5",
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


def test_values_of_a_healthy_run_have_no_finding() -> None:
    assert found() == []
    no_gradient_yet = {f"gradient_norm/layer_{i}": 0.0 for i in (1, 2)}
    assert found(first=no_gradient_yet) == []
    assert found(val=()) == []


def test_the_layer_the_share_and_a_tenth_of_the_rate_are_named() -> None:
    assert found(last={"dead_share/layer_1": 0.623}) == [
        "layer 1: 62 % of the ReLU units are dead "
        "→ optimizer.lr=0.001 or activation=leaky_relu"
    ]
    assert found(last={"dead_share/layer_1": 0.49}) == []


def test_saturation_matters_from_the_start_or_where_little_was_learned() -> None:
    late = {"saturated_share/layer_2": 0.45}
    assert found(last=late) == []
    assert found(first=late) == [], "it got over it"
    (from_the_start,) = found(first=late, last=late)
    assert "initializer=xavier_uniform" in from_the_start
    everywhere = {"saturated_share/layer_2": 0.6}
    assert found(last=everywhere) == [], "it has learned"
    (by_training,) = found(last=everywhere, train=(1.0, 0.9, 0.9))
    assert by_training.startswith("layer 2: 60 % of the Tanh outputs are saturated")
    assert "optimizer.lr=0.001" in by_training


def test_a_vanishing_gradient_matters_where_little_was_learned() -> None:
    vanished = {"gradient_norm/layer_1": 4e-7}
    assert found(last=vanished) == []
    (finding,) = found(last=vanished, train=(1.0, 0.9, 0.9))
    assert finding.startswith("the gradient of layer 1 is 1e-06 of the last hidden")


def test_a_loss_that_is_no_number_is_all_that_is_said() -> None:
    (finding,) = found(
        last={"dead_share/layer_1": 1.0}, train=(1.0, 0.9, math.nan), lr=1.0
    )
    assert finding.startswith("loss/train is not a finite number after epoch 3")
    assert "optimizer.lr=0.1 or trainer.gradient_clip_val=1.0" in finding


def test_small_steps_are_to_blame_for_a_loss_that_falls_slowly_and_steadily() -> None:
    small = {"update_ratio/layer_1": 1e-5}
    slow = [1 - 0.01 * epoch for epoch in range(20)]
    (finding,) = found(first=small, last=small, train=slow, lr=1e-5)
    assert finding.startswith("updates are 1e-05 of the weights")
    assert finding.endswith("→ optimizer.lr=0.001")
    assert found(first=small, last=small) == [], "it has learned"


def test_a_loss_that_stays_is_named_once_there_was_time() -> None:
    still = [1.0, 1.01, 0.99, 1.0]
    assert found(train=still) == ["loss/train has stayed at 1 → optimizer.lr=0.1"]
    assert found(train=still, steps=50) == []


def test_a_validation_loss_that_jumps_is_not_overfitting() -> None:
    jumps = [0.9, 0.4, 0.8, 0.4, 0.8, 0.9, 0.8]
    (finding,) = found(train=[0.9, 0.5, 0.3, 0.2, 0.1, 0.1, 0.1], val=jumps)
    assert finding.endswith("goes up and down from epoch to epoch → optimizer.lr=0.001")


def test_overfitting_is_a_validation_loss_that_rises_while_the_other_falls() -> None:
    falls, rises = [0.5, 0.3, 0.1, 0.05, 0.04, 0.03], [0.6, 0.5, 0.6, 0.8, 0.9, 1.0]
    (finding,) = found(train=falls, val=rises)
    assert finding.startswith("loss/val has risen from 0.5 (epoch 2) to 0.9 while")
    assert found(train=rises, val=rises) == []
    assert found(train=falls, val=[0.6, 0.5, 0.52, 0.55, 0.56, 0.56]) == []


@pytest.mark.parametrize("epochs", range(1, 8))
def test_a_run_of_few_epochs_whose_losses_fall_is_healthy(epochs: int) -> None:
    falls = [0.9 * 0.4**epoch for epoch in range(epochs)]
    late = [27.3, *falls]  # the first epoch's mean is that of wild first steps
    assert found(train=falls, val=falls) == []
    assert found(train=late, val=falls) == []
    assert found(train=falls, val=[*falls[1:], 0.95 * falls[-1]]) == []
