"""A command that cannot be composed names what to type instead."""

from collections.abc import Callable, Iterator

import hydra._internal.hydra
import pytest
from conftest import CONF
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig

from litmlp.engine.config.hydra_internals import check_flags, use_checked_loader
from litmlp.engine.hydra_call import register_resolvers
from litmlp.errors import UserError, nearest

Launch = Callable[..., DictConfig]


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    """launch("-m", "seed=0,1") composes what Hydra composes for this command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hydra._internal.hydra, "ConfigLoaderImpl", ConfigLoaderImpl)
        use_checked_loader()
        register_resolvers()
        path = str(CONF / "x.py")
        main = Hydra.create_main_hydra_file_or_module(path, None, ".", "x")

        def compose(*command: str) -> DictConfig:
            mode = RunMode.MULTIRUN if command[0] == "-m" else RunMode.RUN
            overrides = [text for text in command if text != "-m"]
            return main.compose_config("train", overrides, mode)

        yield compose
        GlobalHydra.instance().clear()


CURES = {
    "lr=0.1": "lr: no such key. Did you mean optimizer.lr=0.1?",
    "epochs=3": "Did you mean trainer.max_epochs=3?",
    "batch_size=8": "Did you mean data.batch_size=8?",
    "hidden_size=[8]": "Did you mean model.hidden_sizes=[8]?",
    "n_trials=9": "Did you mean hydra/sweeper=optuna hydra.sweeper.n_trials=9?",
    "negative_slope=0.1": "activation=leaky_relu activation.negative_slope=0.1?",
    "momentum=0.5": "Did you mean optimizer=momentum optimizer.momentum=0.5?",
    "patience=3": "Did you mean callbacks.early_stopping.patience=3?",
    "optim.lr=0.3": "Did you mean optimizer.lr=0.3?",
    "optimizer.lrr=1": "optimizer.lrr: no such key. Did you mean lr? Allowed: amsgrad,",
    "foo.bar=1": "foo: no such key. Allowed: activation,",
    "~scheduler.gamma": "scheduler=exponential scheduler.gamma?",
    "scheduler.gamma=0.5": "scheduler=constant has no such key. Did you mean scheduler"
    "=exponential scheduler.gamma=0.5? Options with it: exponential, multistep, step",
    "dropout.p=0.5": "Did you mean dropout=dropout dropout.p=0.5?",
    "data.path=a.csv": "Did you mean data=table data.path=a.csv?",
    "callbacks.histograms.bins=3": "Did you mean callbacks=full callbacks.histograms",
    "trainer.deterministic=true": "leaves it out: add it, +trainer.deterministic=true",
    "+activation=tanh": "activation is chosen already: leave out the plus",
    "activation=ReLU": "activation=ReLU: no such option. Did you mean relu? Allowed:",
    "activation=LeakyReLU": "Did you mean leaky_relu? Allowed:",
    "optimizer.groups.embedding.lr=0.1": "optimizer=adam leaves it out: add it, "
    "+optimizer.groups.embedding.lr=0.1",
    "data=table data.samples=1": "data.samples: no such key. Allowed: batch_size",
    "scheduler=CosineAnnealingLR": "Did you mean cosine?",
    "batchnorm=before": "Did you mean before_activation?",
    "scheduler=none": "Did you mean constant?",
    "optimizer=cosine": "Did you mean scheduler=cosine?",
    "experiment=xor": "Did you mean playground/xor?",
    "data=mnist": "Did you mean data=openml data.name=mnist_784?",
    "hydra/launcher=slurm": "Did you mean submitit_slurm?",
    "dropout=0.5": "an option is needed. Did you mean dropout=dropout dropout.p=0.5?",
    "dropout=null": "dropout=null: an option is needed. Did you mean none?",
    "batchnorm=true": "Did you mean before_activation?",
    "lr": "lr: not of the form key=value",
    "optimizer.betas=(0.9,0.99)": "a list is [0.9,0.99]; quote what has spaces",
    "name=a=b": "mismatched input '=' expecting <EOF>; quote what has",
    "seed=between(1,2)": "Unknown function 'between'",
}


@pytest.mark.parametrize("command", CURES)
def test_mistake_names_what_to_type(command: str, launch: Launch) -> None:
    with pytest.raises(UserError) as refusal:
        launch(*command.split(" "))
    assert CURES[command] in " ".join(str(refusal.value).split())


@pytest.mark.parametrize(
    ("command", "left_to_the_runs"),
    [
        ("-m scheduler=step,multistep scheduler.gamma=0.5", "scheduler.gamma"),
        ("-m dropout.p=0.3 dropout=dropout,alpha_dropout", "dropout.p"),
        ("-m data=table,openml data.target=y", "data.target"),
    ],
)
def test_value_of_an_option_that_varies_is_left_to_the_runs(
    command: str, left_to_the_runs: str, launch: Launch
) -> None:
    config = launch(*command.split(" "))
    assert config.hydra.overrides.task == command.split(" ")[1:]
    assert left_to_the_runs.split(".")[1] not in config[left_to_the_runs.split(".")[0]]


def test_own_keys_of_hydra_are_never_left_to_the_runs(launch: Launch) -> None:
    with pytest.raises(UserError, match=r"hydra\.swep\.dir: no such key"):
        launch("-m", "seed=0,1", "hydra.swep.dir=x")


def test_a_trainer_tries_one_batch_without_a_plus(launch: Launch) -> None:
    assert launch("trainer.fast_dev_run=true").trainer.fast_dev_run is True


@pytest.mark.parametrize(
    ("flag", "cure"),
    [
        ("--multirn", "Did you mean --multirun?"),
        ("--cfgjob", "Did you mean --cfg?"),
        ("--hlep", "Did you mean --help?"),
        ("--lr=0.1", "a setting has no dashes: lr=0.1"),
        ("--resme=latest", "a setting has no dashes: resme=latest"),
        ("--epochs", "a setting has no dashes: epochs=…"),
        ("--resume", "a setting has no dashes: resume=…"),
    ],
)
def test_an_unknown_flag_names_what_to_type(flag: str, cure: str) -> None:
    check_flags(["data=iris", "--cfg", "job", "-m", "--multi"])
    with pytest.raises(UserError, match=r"no such flag") as refusal:
        check_flags(["data=iris", flag])
    assert str(refusal.value).endswith(cure)


def test_capitals_do_not_hide_the_nearest_name() -> None:
    assert nearest("ADAM", ["sgd", "Adam"]).startswith("Did you mean Adam? Allowed:")
