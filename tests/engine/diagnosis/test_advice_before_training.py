"""Each mismatch has its line of advice, and nothing else has one."""

import pytest
from conftest import CONF, Compose, Run
from omegaconf import DictConfig

from litmlp.construct import resolve
from litmlp.engine.diagnosis.advice_before_training import advice
from litmlp.losses import taken_by

DATA = [  # whose rows are in the project
    path.stem
    for path in sorted((CONF / "data").glob("*.yaml"))
    if "???" not in path.read_text()
]
MISMATCHES = {
    "activation=tanh": "layers 1, 2: He's initializer is made for ReLU, Xavier's for "
    "Tanh → initializer=xavier_uniform",
    "activation=sigmoid initializer=kaiming_normal": "Xavier's for Sigmoid",
    "activation=selu": "SELU keeps its spread with LeCun's initializer alone",
    "activation=selu initializer=lecun_normal dropout=dropout": "dropout=alpha_dropout",
    "dropout=alpha_dropout": "alpha_dropout is made for SELU → dropout=dropout",
    "loss=mse": "MSELoss on classes compares probabilities, and learns little from "
    "confident mistakes → loss=cross_entropy",
    "data=xor loss=mae": "→ loss=binary_cross_entropy",
    "scheduler=step trainer.max_epochs=30": "first changes after 50 epochs, and there "
    "are 30 → scheduler.step_size=10",
    "scheduler=multistep trainer.max_epochs=30": "→ scheduler.milestones=[10,20]",
}

HARMONIES = [
    "activation=tanh initializer=kaiming_normal initializer.nonlinearity=tanh",
    "activation=tanh batchnorm=before_activation",
    "activation=selu initializer=lecun_normal dropout=alpha_dropout",
    "activation=sigmoid initializer=xavier_uniform",
    "initializer=xavier_uniform",
    "dropout=dropout",
    "batchnorm=before_activation",
    "data=diabetes loss=mae",
    "scheduler=step",
    "scheduler=cosine trainer.max_epochs=1",
    "scheduler=step trainer.max_steps=10",
]


def advised(config: DictConfig) -> list[str]:
    loss = resolve(config.loss._target_, "loss")
    return advice(config, taken_by(loss, "class_logits"))


@pytest.mark.parametrize("choices", MISMATCHES)
def test_a_mismatch_has_a_line(choices: str, config: Compose) -> None:
    (line,) = advised(config(*choices.split()))
    assert MISMATCHES[choices] in line


@pytest.mark.parametrize("choices", HARMONIES)
def test_what_goes_together_has_none(choices: str, config: Compose) -> None:
    assert advised(config(*choices.split())) == []


@pytest.mark.parametrize("data", DATA)
def test_the_defaults_need_no_advice(data: str, config: Compose) -> None:
    assert advised(config(f"data={data}")) == []


def test_choices_a_layer_are_judged_one_by_one(run: Run) -> None:
    ended = run(
        "train",
        "data=iris",
        "model.activation=[sigmoid,relu,selu]",
        "model.initializer=[xavier_normal,kaiming_normal,normal]",
        "model.hidden_sizes=[8,8,8]",
        "trainer.max_epochs=1",
    )
    (line,) = [text for text in ended.out.splitlines() if text.startswith("advice")]
    assert "layer 3: SELU" in line
    assert ended.code == 0
