"""A run of a group leaves what it leaves alone, whatever is chosen in ``conf/``.

In double precision, to ten digits, after some twenty steps; each epoch ends with
a batch of fewer rows.
"""

from itertools import product
from pathlib import Path

import pytest
from conftest import CONF, ROOT, Compose
from films import LABELS, write_films
from grouped_and_alone import (
    GAUSS,
    TINY,
    assert_same_as_alone,
    assert_same_metrics,
    checkpoint,
    train_alone,
    train_grouped,
    varied,
)
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.vectorized.optimizers import RULES

STEPS = (*TINY, "data.batch_size=12", "callbacks=minimal", "trainer.max_epochs=3")
LONG = (*STEPS, *GAUSS)  # per epoch seven batches, and one of 7 rows


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def stackable_optimizers() -> list[str]:
    files = {
        n: OmegaConf.load(CONF / f"optimizer/{n}.yaml") for n in options("optimizer")
    }
    return [name for name, node in files.items() if get_class(node._target_) in RULES]


def in_parts(names: list[str], size: int) -> list[list[str]]:
    return [names[start : start + size] for start in range(0, len(names), size)]


def with_layers(
    config: Compose, group: str, names: list[str], units: int, *overrides: str
) -> DictConfig:
    """A network with one option of a group per layer."""
    base = config(*overrides, f"model.hidden_sizes={[units] * len(names)}")
    base.model[group] = [config(f"{group}={name}")[group] for name in names]
    return base


def alternatives(config: Compose, group: str, *overrides: str) -> list[DictConfig]:
    """The group's node of the config, for each of its options."""
    return [config(*overrides, f"{group}={name}")[group] for name in options(group)]


@pytest.mark.parametrize("optimizer", stackable_optimizers())
def test_every_optimizer_updates_as_alone(config: Compose, optimizer: str) -> None:
    assert_same_as_alone(two_runs(config(*LONG, f"optimizer={optimizer}")))


def test_metrics_are_those_alone_in_single_precision(config: Compose) -> None:
    configs = two_runs(config(*LONG, "trainer.precision=32-true"))
    for own, run in zip(configs, train_grouped(configs), strict=True):
        alone = train_alone(own)
        assert_same_metrics(alone, run, tolerance=1e-3)
        assert checkpoint(run, "best")["epoch"] == checkpoint(alone, "best")["epoch"]


@pytest.mark.parametrize("name", stackable_optimizers())
def test_factors_by_kind_of_parameter_are_those_of_each_run(
    config: Compose, name: str
) -> None:
    chosen = "scheduler=one_cycle", "batchnorm=after_activation"
    base = config(*LONG, f"optimizer={name}", *chosen, "trainer.max_epochs=2")
    bias = {"lr": 2.0, "weight_decay": 0.0}
    groups = [
        {"bias": bias, "norm": {"lr": 3.0}, "output": {"lr": factor}}
        for factor in (0.5, 1.0)
    ]
    OmegaConf.set_struct(base, False)
    base.optimizer.weight_decay = 0.01
    assert_same_as_alone(varied(base, seed=[0, 1], optimizer__groups=[*groups]))


def two_runs(base: DictConfig) -> list[DictConfig]:
    """Two that differ in their seed and in the optimizer's numbers."""
    numbers = {
        f"optimizer__{name}": [value, value / 2]
        for name, value in base.optimizer.items()
        if name in ("lr", "eps") and value
    }
    if "weight_decay" in base.optimizer:
        numbers["optimizer__weight_decay"] = [0.01, 0.0]
    return varied(base, seed=[0, 1], **numbers)


def test_every_scheduler_sets_the_learning_rate_of_each_run(config: Compose) -> None:
    """Two runs of each kind, of unequal length, are stacked together."""
    base = config(*LONG, "optimizer=momentum")
    each = alternatives(config, "scheduler", *LONG, "optimizer=momentum")
    for node in each:
        if "patience" in node:
            node.patience = 0
    rates, epochs = [0.1, 0.3] * len(each), [3, 2] * len(each)
    twice = [node for node in each for _ in range(2)]
    assert_same_as_alone(
        varied(base, scheduler=twice, optimizer__lr=rates, trainer__max_epochs=epochs)
    )


OF_CLASSES = {
    "gauss": ["binary_cross_entropy", "soft_margin", "focal"],
    "iris": ["cross_entropy", "multi_margin", "focal"],
}
OF_DISTRIBUTIONS = [  # networks of other sizes
    ("diabetes", ["poisson"]),
    ("gauss_regression", ["pinball"]),
    ("gauss_regression", ["gaussian_nll"]),
]
KNOWN = [
    loss for _, losses in (*OF_CLASSES.items(), *OF_DISTRIBUTIONS) for loss in losses
]
OF_NUMBERS = [name for name in options("loss") if name not in KNOWN]


@pytest.mark.parametrize(
    ("data", "losses"),
    [*OF_CLASSES.items(), ("gauss_regression", OF_NUMBERS), *OF_DISTRIBUTIONS],
)
def test_every_loss_gives_each_run_its_gradient(
    config: Compose, data: str, losses: list[str]
) -> None:
    """Regression: the scale of targets is that of a split's training rows."""
    fewer = GAUSS[1:] if data.startswith("gauss") else ()
    chosen = (*STEPS, f"data={data}", *fewer)
    each = [config(*chosen, f"loss={loss}").loss for loss in losses for _ in range(2)]
    seeds = [0, 1] * len(losses)
    assert_same_as_alone(
        varied(config(*chosen), loss=each, seed=seeds, data__split_seed=seeds)
    )


NORM, EPOCHS = "batchnorm=before_activation", [6, 3, 6]
OTHER_CHOICES: dict[str, dict[str, list[float]]] = {
    **{
        # Knots are quantiles of a split's training rows.
        f"embedding={name}": {"seed": [0, 0, 1], "data__split_seed": [0, 1, 1]}
        for name in options("embedding")
    },
    **{
        f"input_scale={name} optimizer=adamw optimizer.groups.input_scale.lr=6": {
            "optimizer__lr": [0.01, 0.02]
        }
        for name in options("input_scale")
    },
    f"averaging=ema {NORM}": {
        "averaging__decay": [0.5, 0.98, 0.9],
        "trainer__max_epochs": EPOCHS,
    },
    f"averaging=swa {NORM}": {
        "averaging__first_epoch": [1, 2, 20],
        "trainer__max_epochs": EPOCHS,
    },
    **{
        "optimizer=sgd trainer.gradient_clip_val=0.05"
        f" +trainer.gradient_clip_algorithm={name}": {"seed": [0, 1]}
        for name in ("norm", "value")
    },
}


@pytest.mark.parametrize("chosen", OTHER_CHOICES)
def test_every_other_choice_is_that_of_each_run(config: Compose, chosen: str) -> None:
    numbers = OTHER_CHOICES[chosen]
    seeds = {"seed": [0, 1, 2][: len(next(iter(numbers.values())))]}
    assert_same_as_alone(varied(config(*LONG, *chosen.split()), **{**seeds, **numbers}))


def test_every_penalty_is_that_of_each_run(config: Compose) -> None:
    base = config(*LONG)
    each = alternatives(config, "penalty", *LONG)
    for number, node in enumerate(each):
        if "strength" in node:
            node.strength = 10.0 ** -(2 + number % 3)
    assert_same_as_alone(varied(base, penalty=each))


# Each option once with each kind of activation, and all pairs in the slow tests.
KINDS = [*product(("relu", "softmax"), options("batchnorm"), options("dropout"))]


@pytest.mark.parametrize(
    ("activation", "batchnorm", "dropout"),
    [
        pytest.param(*kinds, marks=[pytest.mark.slow] * (number % 5 != 0))
        for number, kinds in enumerate(KINDS)
    ],
)
def test_dropout_draws_the_masks_that_it_draws_alone(
    config: Compose, activation: str, batchnorm: str, dropout: str
) -> None:
    """Softmax is not of single numbers: torch's vectorizing map takes over."""
    chosen = f"dropout={dropout}", f"batchnorm={batchnorm}", f"activation={activation}"
    base = config(*LONG, *chosen, "trainer.max_epochs=2")
    p = {} if dropout == "none" else {"dropout__p": [0.0, 0.2, 0.5]}
    assert_same_as_alone(varied(base, seed=[0, 1, 2], **p))


@pytest.mark.parametrize("encoding", ["embedding", "one_hot"])
def test_categories_are_stacked(config: Compose, encoding: str) -> None:
    path = f"data.path={ROOT / 'tests' / 'people.csv'}"
    table = ("data=table", path, "data.target=income", "data.drop=[id]")
    chosen = ("task=regression", f"encoding={encoding}", "penalty=l2")
    base = config(*TINY, *table, *chosen, "optimizer.lr=0.1")
    assert_same_as_alone(varied(base, seed=[0, 1, 0], data__split_seed=[0, 0, 1]))


@pytest.mark.parametrize(
    "names", in_parts([name for name in options("activation") if name != "rrelu"], 5)
)
def test_every_activation_is_stacked(config: Compose, names: list[str]) -> None:
    wide = "initializer=normal", "initializer.std=1"  # no layer is silent
    chosen = (*LONG, *wide, "trainer.max_epochs=2")
    base = with_layers(config, "activation", names, 8, *chosen)
    assert_same_as_alone(varied(base, seed=[0, 1], optimizer__lr=[0.01, 0.02]))


def test_labels_are_learned_as_alone(config: Compose, tmp_path: Path) -> None:
    path = write_films(tmp_path / "films.csv")
    table = ("data=table", f"data.path={path}", f"data.target=[{','.join(LABELS)}]")
    base = config(*table, "task=multilabel", *STEPS)
    assert_same_as_alone(varied(base, optimizer__lr=[1e-3, 1e-2]))
