"""A run of a group leaves what it leaves alone."""

import shutil

import pytest
import torch
from conftest import CONF, ROOT, Compose
from torch import nn
from twins import (
    TINY,
    as_killed,
    assert_equal,
    checkpoint,
    train_alone,
    train_together,
    varied,
)

from litmlp import construct
from litmlp.vectorized.group import Group

CANNOT_BE_STACKED = ("adafactor", "lbfgs")
BATCHNORMS = ("before_activation", "after_activation")


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def assert_twins(members: list, **tolerance: float) -> None:
    together = train_together(members)
    for member, run in zip(members, together, strict=True):
        assert_equal(train_alone(member), run, **tolerance)


@pytest.mark.parametrize(
    "optimizer", [o for o in options("optimizer") if o not in CANNOT_BE_STACKED]
)
def test_every_optimizer_updates_members_as_alone(
    config: Compose, optimizer: str
) -> None:
    base = config(*TINY, "data=gauss", f"optimizer={optimizer}")
    numbers = {
        f"optimizer__{name}": [value * factor for factor in (0.5, 1.0, 2.0)]
        for name, value in base.optimizer.items()
        if name in ("lr", "eps", "lambd", "momentum_decay") and value
    }
    if "weight_decay" in base.optimizer:
        numbers["optimizer__weight_decay"] = [0.0, 0.01, 0.1]
    assert_twins(varied(base, seed=[0, 1, 2], **numbers))


@pytest.mark.parametrize("optimizer", ["adam", "asgd", "nadam", "radam", "rmsprop"])
def test_weights_are_those_alone_after_two_hundred_iterations(
    config: Compose, optimizer: str
) -> None:
    """Those whose steps hang on a count, or whose errors grow fastest."""
    base = config(
        *TINY,
        "data=gauss",
        "data.num_samples=120",
        f"optimizer={optimizer}",
        "model.hidden_sizes=[6]",
        "callbacks=minimal",
    )
    base.trainer.max_epochs = 200 // 3 + 1  # of at least 3 batches each
    members = varied(base, seed=[0, 1])
    for member, run in zip(members, train_together(members), strict=True):
        alone, together = (
            checkpoint(train_alone(member), "last"),
            checkpoint(run, "last"),
        )
        assert alone["global_step"] >= 200
        for name, weights in alone["state_dict"].items():
            torch.testing.assert_close(
                together["state_dict"][name],
                weights,
                rtol=1e-10,
                atol=1e-10 * float(weights.abs().max()) if weights.numel() else 0,
                equal_nan=True,  # what marks missing values
            )


@pytest.mark.parametrize("scheduler", options("scheduler"))
def test_every_scheduler_sets_each_members_learning_rate(
    config: Compose, scheduler: str
) -> None:
    base = config(*TINY, "data=gauss", "optimizer=momentum", f"scheduler={scheduler}")
    if scheduler == "reduce_on_plateau":
        base.scheduler.patience = 0
    assert_twins(
        varied(base, seed=[0, 1], optimizer__lr=[0.1, 0.3], trainer__max_epochs=[4, 3])
    )


@pytest.mark.parametrize("loss", options("loss"))
def test_every_loss_and_penalty_gives_each_member_its_gradient(
    config: Compose, loss: str
) -> None:
    data = {
        "binary_cross_entropy": "gauss",
        "soft_margin": "gauss",
        "cross_entropy": "iris",
        "multi_margin": "iris",
    }.get(loss, "gauss_regression")
    base = config(*TINY, f"data={data}", f"loss={loss}", "penalty=elastic_net")
    assert_twins(
        varied(base, data__split_seed=[0, 1, 1], penalty__strength=[0.0, 1e-3, 1e-2])
    )


def test_initializers_and_data_differ_as_alone(config: Compose) -> None:
    base = config(*TINY, "data=gauss")
    others = [
        config(*TINY, "data=gauss", f"initializer={name}").initializer
        for name in ("xavier_normal", "orthogonal", "sparse")
    ]
    members = varied(base, seed=[0, 1, 2], initializer=others)
    assert_twins(members)


@pytest.mark.parametrize("dropout", ["dropout", "alpha_dropout"])
@pytest.mark.parametrize("batchnorm", ["none", *BATCHNORMS])
def test_dropout_draws_the_masks_that_it_draws_alone(
    config: Compose, dropout: str, batchnorm: str
) -> None:
    base = config(*TINY, "data=gauss", f"dropout={dropout}", f"batchnorm={batchnorm}")
    assert_twins(varied(base, seed=[0, 1, 2], dropout__p=[0.0, 0.2, 0.5]))


def test_folds_of_unequal_size_have_batches_of_their_own(config: Compose) -> None:
    """103 rows in 5 folds: last batches of 3 and of 2 rows, statistics of their own."""
    base = config(
        *TINY,
        "data=gauss",
        "data.num_samples=103",
        "data.num_folds=5",
        "data.validation_share=0",
        "data.batch_size=20",
        "batchnorm=before_activation",
        "dropout=dropout",
        "monitor=loss/train",
    )
    assert_twins(varied(base, data__fold=[0, 3, 4]))


@pytest.mark.parametrize("algorithm", ["norm", "value"])
def test_gradients_are_clipped_member_by_member(
    config: Compose, algorithm: str
) -> None:
    base = config(
        *TINY,
        "data=gauss",
        "optimizer=sgd",
        "trainer.gradient_clip_val=0.05",
        f"+trainer.gradient_clip_algorithm={algorithm}",
    )
    assert_twins(varied(base, seed=[0, 1]))


def test_members_stop_early_diverge_and_end_on_their_own(config: Compose) -> None:
    base = config(*TINY, "data=gauss", "optimizer=sgd", "trainer.max_epochs=12")
    members = varied(
        base,
        optimizer__lr=[0.1, 1e300, 3.0, 0.1],
        callbacks__early_stopping__patience=[20, 20, 1, 20],
        trainer__max_epochs=[12, 12, 12, 5],
    )
    assert_twins(members)


def test_members_that_are_done_cost_nothing(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They leave when they stop early, diverge or have had their epochs."""
    sizes = []
    begin = Group.on_train_epoch_end

    def counted(group: Group) -> None:
        sizes.append((len(group.stack), len(group.features)))
        begin(group)

    monkeypatch.setattr(Group, "on_train_epoch_end", counted)
    base = config(*TINY, "data=gauss", "optimizer=sgd", "trainer.max_epochs=8")
    train_together(
        varied(
            base,
            optimizer__lr=[0.1, 1e300, 0.0, 0.1],
            callbacks__early_stopping__patience=[20, 20, 2, 20],
            trainer__max_epochs=[8, 8, 8, 5],
            data__split_seed=[0, 1, 2, 3],
        )
    )
    members, rows = zip(*sizes, strict=True)
    assert members == (4, 3, 3, 2, 2, 1, 1, 1)
    assert [count / rows[0] for count in rows] == [n / 4 for n in members]


def test_learned_categories_are_stacked(config: Compose) -> None:
    base = config(
        *TINY,
        "data=table",
        f"data.path={ROOT / 'tests' / 'people.csv'}",
        "data.target=income",
        "data.drop=[id]",
        "task=regression",
        "encoding=embedding",
        "penalty=l2",
    )
    assert_twins(
        varied(
            base, seed=[0, 1, 0], data__split_seed=[0, 0, 1], optimizer__lr=[0.1] * 3
        )
    )


@pytest.mark.parametrize("activation", ["prelu", "softmax"])
def test_weights_and_activations_of_any_kind_are_stacked(
    config: Compose, activation: str
) -> None:
    """Softmax is not of single numbers: torch's vectorizing map takes over."""
    base = config(
        *TINY, "data=gauss", f"activation={activation}", "batchnorm=after_activation"
    )
    assert_twins(varied(base, seed=[0, 1], optimizer__lr=[0.01, 0.1]))


@pytest.mark.parametrize(
    "optimizer", ["adagrad", "adam", "asgd", "momentum", "nadam", "rprop", "sgd"]
)
def test_a_group_goes_on_as_if_it_had_never_stopped(
    config: Compose, optimizer: str
) -> None:
    """Two were killed in their third epoch, one has not begun and one is done."""
    base = config(
        *TINY,
        "data=gauss",
        f"optimizer={optimizer}",
        "dropout=dropout",
        "batchnorm=before_activation",
        "scheduler=cosine",
        "callbacks.checkpoint.every_epochs=2",
    )
    members = varied(
        base,
        seed=[0, 1, 2, 3],
        data__split_seed=[0, 1, 1, 0],
        dropout__p=[0.1, 0.3, 0, 0],
    )
    whole = train_together(members)
    for run in whole[:2]:
        as_killed(run, "resumed")
    assert checkpoint(whole[0], "previous")["epoch"] == 2
    shutil.copytree(whole[3].folder, f"{members[3].folder}-resumed")
    for run, resumed in zip(whole, train_together(members, "resumed"), strict=True):
        assert_equal(run, resumed, tolerance=0)


class TwoPaths(nn.Module):
    """A network as one of one's own would be: no MLP, with an argument of its own."""

    def __init__(self, *, num_features: int, num_outputs: int, width: int) -> None:
        super().__init__()
        self.direct = nn.Linear(num_features, num_outputs)
        self.inner = nn.Linear(num_features, width)
        self.norm = nn.LayerNorm(width)
        self.outer = nn.Linear(width, num_outputs, bias=False)
        self.share = nn.Parameter(torch.tensor(0.5))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.norm(self.inner(features)))
        return self.direct(features) + self.share * self.outer(hidden)


def test_a_network_of_ones_own_is_stacked(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(construct.ALLOWED, f"{__name__}.", nn.Module)
    base = config(*TINY, "data=gauss", "penalty=elastic_net")
    base.model = {
        "_target_": f"{__name__}.TwoPaths",
        "num_features": "???",
        "num_outputs": "${task.num_outputs}",
        "width": 5,
    }
    assert_twins(varied(base, seed=[0, 1, 2], optimizer__lr=[0.01, 0.1, 0.03]))


def test_who_else_is_in_the_group_changes_no_bit(config: Compose) -> None:
    """With a member that leaves early, one that diverges, and alone in its group."""
    base = config(
        *TINY, "data=gauss", "batchnorm=before_activation", "trainer.precision=32-true"
    )
    numbers = {"optimizer__lr": [0.01, 0.1, 1e30], "trainer__max_epochs": [4, 2, 3]}
    several = train_together(varied(base, seed=[0, 1, 2], **numbers))
    base.folder += "-single"
    single = train_together(varied(base, seed=[0], optimizer__lr=[0.01]))
    for name in ("best", "last"):
        states = [checkpoint(r, name)["state_dict"] for r in (several[0], single[0])]
        torch.testing.assert_close(states[1], states[0], rtol=0, atol=0)
