"""A run of a group leaves what it leaves alone, whatever is chosen in ``conf/``.

In double precision, to ten digits, after some hundred steps; each epoch ends with
a batch of fewer rows. Epochs cost more than steps, so there are few of them.
"""

import pytest
from conftest import CONF, ROOT, Compose
from grouped_and_alone import (
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

STEPS = (*TINY, "data.batch_size=8", "trainer.max_epochs=12", "callbacks=minimal")
LONG = (
    *STEPS,
    "data=gauss",
    "data.num_samples=140",  # 90 of them in training: 7 batches and one of 6 rows
    "data.batch_size=12",
)


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def stackable_optimizers() -> list[str]:
    files = {
        n: OmegaConf.load(CONF / f"optimizer/{n}.yaml") for n in options("optimizer")
    }
    return [name for name, node in files.items() if get_class(node._target_) in RULES]


def alternatives(config: Compose, group: str, *overrides: str) -> list[DictConfig]:
    """The group's node of the config, for each of its options."""
    return [config(*overrides, f"{group}={name}")[group] for name in options(group)]


@pytest.mark.parametrize("optimizer", stackable_optimizers())
def test_every_optimizer_updates_as_alone(config: Compose, optimizer: str) -> None:
    assert_same_as_alone(two_runs(config(*LONG, f"optimizer={optimizer}")))


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_metrics_are_those_alone_in_single_precision(
    config: Compose, optimizer: str
) -> None:
    single = ("trainer.precision=32-true", f"optimizer={optimizer}")
    configs = two_runs(config(*LONG, *single))
    for own, run in zip(configs, train_grouped(configs), strict=True):
        alone = train_alone(own)
        assert_same_metrics(alone, run, tolerance=1e-3)
        assert checkpoint(run, "best")["epoch"] == checkpoint(alone, "best")["epoch"]


@pytest.mark.parametrize("name", [n for n in stackable_optimizers() if n != "asgd"])
def test_factors_by_kind_of_parameter_are_those_of_each_run(
    config: Compose, name: str
) -> None:
    chosen = "scheduler=one_cycle", "batchnorm=after_activation"
    base = config(*LONG, f"optimizer={name}", *chosen, "trainer.max_epochs=6")
    decay = {} if name == "rprop" else {"weight_decay": 0.0}
    groups = [
        {"bias": {"lr": 2.0} | decay, "norm": {"lr": 3.0}, "output": {"lr": factor}}
        for factor in (0.5, 1.0)
    ]
    OmegaConf.set_struct(base, False)
    if decay:
        base.optimizer.weight_decay = 0.01
    assert_same_as_alone(varied(base, seed=[0, 1], optimizer__groups=[*groups]))


def two_runs(base: DictConfig) -> list[DictConfig]:
    """Two that differ in their seed and in the optimizer's numbers."""
    numbers = {
        f"optimizer__{name}": [value, value / 2]
        for name, value in base.optimizer.items()
        if name in ("lr", "eps", "lambd", "momentum_decay") and value
    }
    if "weight_decay" in base.optimizer:
        numbers["optimizer__weight_decay"] = [0.01, 0.0]
    return varied(base, seed=[0, 1], **numbers)


@pytest.mark.parametrize("scheduler", options("scheduler"))
def test_every_scheduler_sets_the_learning_rate_of_each_run(
    config: Compose, scheduler: str
) -> None:
    base = config(*LONG, "optimizer=momentum", f"scheduler={scheduler}")
    if scheduler == "reduce_on_plateau":
        base.scheduler.patience = 0
    assert_same_as_alone(
        varied(base, seed=[0, 1], optimizer__lr=[0.1, 0.3], trainer__max_epochs=[12, 4])
    )


def test_schedulers_of_all_kinds_are_stacked_together(config: Compose) -> None:
    base = config(*LONG, "optimizer=momentum", "trainer.max_epochs=6")
    each = alternatives(config, "scheduler", *LONG, "optimizer=momentum")
    assert_same_as_alone(varied(base, scheduler=each))


@pytest.mark.parametrize("loss", options("loss"))
def test_every_loss_gives_each_run_its_gradient(config: Compose, loss: str) -> None:
    """Regression: the scale of targets is that of a split's training rows."""
    data = {
        "binary_cross_entropy": "gauss",
        "soft_margin": "gauss",
        "cross_entropy": "iris",
        "multi_margin": "iris",
    }.get(loss, "gauss_regression")
    base = config(*STEPS, f"data={data}", f"loss={loss}")
    assert_same_as_alone(varied(base, seed=[0, 0, 1], data__split_seed=[0, 1, 1]))


@pytest.mark.parametrize("embedding", options("embedding"))
def test_every_embedding_is_that_of_each_run(config: Compose, embedding: str) -> None:
    """Knots are quantiles of a split's training rows."""
    base = config(*LONG, f"embedding={embedding}")
    assert_same_as_alone(varied(base, seed=[0, 0, 1], data__split_seed=[0, 1, 1]))


@pytest.mark.parametrize("input_scale", options("input_scale"))
def test_every_scale_of_the_inputs_is_that_of_each_run(
    config: Compose, input_scale: str
) -> None:
    groups = "optimizer=adamw", "optimizer.groups.input_scale.lr=6"
    base = config(*LONG, f"input_scale={input_scale}", *groups)
    assert_same_as_alone(varied(base, seed=[0, 1], optimizer__lr=[0.01, 0.02]))


@pytest.mark.parametrize(
    ("averaging", "values"),
    [("ema", {"decay": [0.5, 0.98, 0.9]}), ("swa", {"first_epoch": [1, 4, 20]})],
)
def test_every_average_is_that_of_each_run(
    config: Compose, averaging: str, values: dict[str, list[float]]
) -> None:
    """Runs of other folds have more steps per epoch, and one run leaves early."""
    base = config(*LONG, f"averaging={averaging}", "batchnorm=before_activation")
    own = {f"averaging__{name}": given for name, given in values.items()}
    epochs = {"trainer__max_epochs": [12, 5, 12]}
    folds = {"data__num_folds": [None, 9, 2], "data__fold": [0, 1, 0]}
    assert_same_as_alone(varied(base, seed=[0, 1, 2], **own, **epochs, **folds))


def test_every_penalty_is_that_of_each_run(config: Compose) -> None:
    base = config(*LONG)
    each = alternatives(config, "penalty", *LONG)
    for number, node in enumerate(each):
        if "strength" in node:
            node.strength = 10.0 ** -(2 + number % 3)
    assert_same_as_alone(varied(base, penalty=each))


def test_every_initializer_gives_each_run_its_first_weights(config: Compose) -> None:
    base = config(*LONG, "model.hidden_sizes=[2,2]", "trainer.max_epochs=2")
    each = alternatives(config, "initializer", *LONG)
    for node in each:
        if OmegaConf.is_missing(node, "values"):
            node["values"] = [[0.15, 0.2], [0.25, 0.3]]
    seeds = range(len(each))
    assert_same_as_alone(varied(base, seed=seeds, initializer=each))


@pytest.mark.parametrize("dropout", options("dropout"))
@pytest.mark.parametrize("batchnorm", options("batchnorm"))
@pytest.mark.parametrize("activation", ["relu", "softmax"])
def test_dropout_draws_the_masks_that_it_draws_alone(
    config: Compose, dropout: str, batchnorm: str, activation: str
) -> None:
    """Softmax is not of single numbers: torch's vectorizing map takes over."""
    chosen = f"dropout={dropout}", f"batchnorm={batchnorm}", f"activation={activation}"
    base = config(*LONG, *chosen)
    p = {} if dropout == "none" else {"dropout__p": [0.0, 0.2, 0.5]}
    assert_same_as_alone(varied(base, seed=[0, 1, 2], **p))


def test_folds_of_unequal_size_have_batches_of_their_own(config: Compose) -> None:
    """103 rows in 5 folds: last batches of 3 and of 2 rows, statistics of their own."""
    base = config(
        *LONG,
        "data.num_samples=103",
        "data.num_folds=5",
        "data.validation_share=0",
        "data.batch_size=20",
        "batchnorm=before_activation",
        "dropout=dropout",
        "monitor=loss/train",
    )
    assert_same_as_alone(varied(base, data__fold=[0, 3, 4]))


@pytest.mark.parametrize("algorithm", ["norm", "value"])
def test_gradients_are_clipped_run_by_run(config: Compose, algorithm: str) -> None:
    base = config(
        *TINY,
        "data=gauss",
        "optimizer=sgd",
        "trainer.gradient_clip_val=0.05",
        f"+trainer.gradient_clip_algorithm={algorithm}",
    )
    assert_same_as_alone(varied(base, seed=[0, 1]))


@pytest.mark.parametrize("encoding", ["embedding", "one_hot"])
def test_categories_are_stacked(config: Compose, encoding: str) -> None:
    base = config(
        *TINY,
        "data=table",
        f"data.path={ROOT / 'tests' / 'people.csv'}",
        "data.target=income",
        "data.drop=[id]",
        "task=regression",
        f"encoding={encoding}",
        "penalty=l2",
    )
    assert_same_as_alone(
        varied(
            base, seed=[0, 1, 0], data__split_seed=[0, 0, 1], optimizer__lr=[0.1] * 3
        )
    )


@pytest.mark.parametrize(
    "activation", [name for name in options("activation") if name != "rrelu"]
)
def test_every_activation_is_stacked(config: Compose, activation: str) -> None:
    base = config(*LONG, f"activation={activation}", "trainer.max_epochs=9")
    assert_same_as_alone(varied(base, seed=[0, 1], optimizer__lr=[0.01, 0.1]))
