"""Each mismatch has its line of advice, and nothing else has one."""

import pytest
from conftest import CONF, Compose, Run
from torch import nn

from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.diagnosis.config_advice import about_batchnorm, about_ignored, advice

DATA = [  # whose rows are in the project
    path.stem
    for path in sorted((CONF / "data").glob("*.yaml"))
    if "???" not in path.read_text()
]
ROOMY = "model.hidden_sizes=[64,64,64,64,64,64]"

MISMATCHES = {
    "activation=tanh": "layers 1, 2: He's initializer is made for ReLU, Xavier's for "
    "Tanh → initializer=xavier_uniform",
    "activation=sigmoid initializer=kaiming_normal": "Xavier's for Sigmoid",
    "activation=selu": "SELU keeps its spread with LeCun's initializer alone",
    "activation=selu initializer=lecun_normal dropout=dropout": "dropout=alpha_dropout",
    "dropout=alpha_dropout": "alpha_dropout is made for SELU → dropout=dropout",
    "initializer=zeros": "all units start alike and learn the same → initializer=ka",
    "initializer=ones": "all units start alike",
    "initializer=constant activation=tanh": "→ initializer=xavier_uniform",
    "initializer=normal": "layer 2: activations get some 8 times as wide",
    f"activation=sigmoid initializer=xavier_normal {ROOMY}": "layers 1–6: the slope of",
    f"initializer=xavier_normal {ROOMY}": "halve the variance per layer",
    "dropout=dropout dropout.p=0.5 model.hidden_sizes=[64,2]": "layer 2: dropout "
    "silences both units in 25 % of the rows → dropout=none",
    "dropout=dropout dropout.p=0.5 model.hidden_sizes=[3]": "all 3 units in 12 %",
    "batchnorm=before_activation data.batch_size=4": "from 4 rows → data.batch_size=32",
    "batchnorm=before_activation dropout=dropout": "layer 1: after dropout a batchnorm",
    "loss=mse": "MSELoss on classes compares probabilities, and learns little from "
    "confident mistakes → loss=cross_entropy",
    "data=xor loss=mae": "→ loss=binary_cross_entropy",
    "optimizer.lr=1": "Adam usually takes 1e-05 to 0.1 → optimizer.lr=0.1",
    "optimizer.lr=1e-7": "→ optimizer.lr=1e-05",
    "optimizer=sgd optimizer.lr=10": "SGD usually takes 0.0001 to 3 → optimizer.lr=3",
    "optimizer=adamw penalty=l2": "weights are shrunk twice",
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
    "initializer=normal initializer.std=0.1",
    "initializer=zeros model=linear",
    "dropout=dropout",
    "batchnorm=before_activation",
    "data=diabetes loss=mae",
    "data=diabetes loss=huber penalty=l2",
    "optimizer=adadelta",
    "scheduler=step",
    "scheduler=cosine trainer.max_epochs=1",
    "scheduler=step trainer.max_steps=10",
]


def said(config: Compose, *overrides: str) -> list[str]:
    composed = config(*overrides)
    model = build_model(composed, build_data(composed))
    return advice(composed, model.network)


@pytest.mark.parametrize("choices", MISMATCHES)
def test_a_mismatch_has_a_line(choices: str, config: Compose) -> None:
    (line,) = said(config, *choices.split())
    assert MISMATCHES[choices] in line


@pytest.mark.parametrize("choices", HARMONIES)
def test_what_goes_together_has_none(choices: str, config: Compose) -> None:
    assert said(config, *choices.split()) == []


@pytest.mark.parametrize("data", DATA)
def test_the_defaults_need_no_advice(data: str, config: Compose) -> None:
    assert said(config, f"data={data}") == []


def test_a_bias_before_a_batchnorm_is_found_in_any_network() -> None:
    idle = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    useful = nn.Sequential(nn.Linear(2, 3, bias=False), nn.BatchNorm1d(3))
    (line,) = about_batchnorm([], nn.ModuleList([idle, useful]), 32)
    assert "bias right before a batchnorm does nothing" in line
    assert not list(about_batchnorm([], useful, 32))


def test_choices_a_layer_are_judged_one_by_one(run: Run) -> None:
    ended = run(
        "train",
        "data=iris",
        "model.activation=[sigmoid,relu,selu]",
        "model.initializer=[xavier_normal,kaiming_normal,normal]",
        "model.hidden_sizes=[8,8,8]",
        "trainer.max_epochs=1",
    )
    advised = [line for line in ended.out.splitlines() if line.startswith("advice")]
    (line,) = advised
    assert "layer 3: SELU" in line
    assert ended.code == 0


@pytest.mark.parametrize(
    ("choices", "ignored"),
    [
        ("model=linear activation=tanh dropout=dropout", ["activation", "dropout"]),
        ("model.hidden_sizes=[] batchnorm=before_activation", ["batchnorm"]),
        ("model.activation=[{_target_:torch.nn.ReLU}]", ["activation"]),
        ("model=identity initializer@bias_initializer=ones", ["bias_initializer"]),
    ],
)
def test_a_choice_that_no_layer_takes_is_said(
    choices: str, ignored: list[str], config: Compose
) -> None:
    (line,) = about_ignored(config(*choices.split()), {*ignored, "trainer"})
    assert line == (
        f"{' and '.join(ignored)}: no layer takes this choice, so it changes nothing "
        "→ leave it out"
    )


def test_a_choice_that_a_layer_takes_is_not_ignored(config: Compose) -> None:
    groups = {"activation", "initializer", "bias_initializer", "output_initializer"}
    assert list(about_ignored(config("activation=tanh"), groups)) == []
    assert list(about_ignored(config("model=linear"), {"bias_initializer"})) == []
