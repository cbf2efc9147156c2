"""Numbers that arrive as texts are numbers for every reader, and no file holds them."""

from typing import Any

import pytest
from conftest import Compose
from omegaconf import OmegaConf

from litmlp.engine.config.build import build_data, build_model, build_trainer
from litmlp.engine.config.typed_values import convert_texts, remove_null_parts
from litmlp.errors import UserError

ENVIRONMENT = {"LR": "1e-2", "N": "3", "YES": "true", "SIZES": "[8,4]", "WORD": "fast"}

TEXTS: dict[tuple[str, ...], tuple[str, Any]] = {
    ("optimizer.lr=${oc.env:LR}",): ("optimizer.lr", 0.01),
    ("+mine='0.2'", "optimizer.lr=${mine}"): ("optimizer.lr", 0.2),
    ("optimizer.lr=0.${oc.env:N}",): ("optimizer.lr", 0.3),
    ("optimizer.betas=['0.5','0.9']",): ("optimizer.betas", [0.5, 0.9]),
    ("dropout=dropout", "dropout.p='0.5'"): ("model.dropout.p", 0.5),
    ("activation=leaky_relu", "activation.negative_slope='0.3'"): (
        "activation.negative_slope",
        0.3,
    ),
    ("scheduler=multistep", "scheduler.milestones=['3','4']"): (
        "scheduler.milestones",
        [3, 4],
    ),
    ("trainer.max_epochs=${oc.env:N}",): ("trainer.max_epochs", 3),
    ("trainer.detect_anomaly=${oc.env:YES}",): ("trainer.detect_anomaly", True),
    ("+trainer.limit_train_batches='2'",): ("trainer.limit_train_batches", 2),
    ("callbacks.early_stopping.patience='5'",): (
        "callbacks.early_stopping.patience",
        5,
    ),
    ("model.hidden_sizes=['8','${oc.env:N}']",): ("model.hidden_sizes", [8, 3]),
    ("model.hidden_sizes=${oc.env:SIZES}",): ("model.hidden_sizes", [8, 4]),
    ("data.batch_size='16'",): ("data.batch_size", 16),
    ("data.batch_size=full",): ("data.batch_size", "full"),
    ("data.standardize_target='false'",): ("data.standardize_target", False),
    ("seed='3'",): ("data.order_seed", 3),
    ("trainer.precision='64'",): ("trainer.precision", "64"),
    ("scheduler=cosine",): ("scheduler.T_max", "total"),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def plain(node: Any) -> Any:
    is_node = OmegaConf.is_config(node)
    return OmegaConf.to_container(node, resolve=True) if is_node else node


@pytest.mark.parametrize("overrides", TEXTS, ids=str)
def test_text_has_the_type_of_its_argument(
    overrides: tuple[str, ...], config: Compose
) -> None:
    composed = config(*overrides)
    convert_texts(composed)
    key, expected = TEXTS[overrides]
    value = plain(OmegaConf.select(composed, key))
    assert (type(value), value) == (type(expected), expected)
    saved = str(OmegaConf.to_container(composed))
    assert saved.count("oc.env") == str(overrides).count("oc.env")
    before = saved
    convert_texts(composed)  # as a resumed run does
    assert str(OmegaConf.to_container(composed)) == before


@pytest.mark.parametrize(
    "override",
    [
        "optimizer.lr=${oc.env:WORD}",
        "trainer.max_epochs=${oc.env:LR}",
        "model.hidden_sizes=['8','1.5']",
        "callbacks.early_stopping.patience='2.5'",
        "scheduler=multistep scheduler.milestones=['3','x']",
    ],
)
def test_text_that_is_no_such_number_is_refused_by_its_key(
    override: str, config: Compose
) -> None:
    *_, key = override.rpartition("=")[0].split()
    with pytest.raises(UserError, match=f"^{key}=.*: expected"):
        convert_texts(config(*override.split()))


def test_part_that_null_switches_off_is_off_everywhere(config: Compose) -> None:
    off = ("callbacks.early_stopping", "logger.csv", "task.metrics.f1")
    composed = config("data=iris", *(f"{key}=null" for key in off))
    remove_null_parts(composed)
    assert not any(key in str(OmegaConf.to_yaml(composed)) for key in ("f1:", "csv:"))
    assert "f1" not in build_model(composed, build_data(composed)).metrics
    trainer = build_trainer(composed)
    assert len(trainer.loggers) == 1
    kinds = {type(callback).__name__ for callback in trainer.callbacks}
    assert "Diagnosis" in kinds
    assert "EarlyStopping" not in kinds


@pytest.mark.parametrize(
    ("override", "cure"),
    [
        ("trainer.max_time=60", "as in 00:00:10:00 for ten minutes"),
        ("trainer.max_time=10s", "give days:hours:minutes:seconds"),
        ("trainer.gradient_clip_val=-1", "it must be positive; null does not clip"),
        ("trainer.accumulate_grad_batches=-2", "it must be 1 or more"),
        ("+trainer.limit_train_batches=0", "trainer.max_epochs=0 trains nothing"),
        (
            "+logger.mine={_target_: lightning.pytorch.loggers.WandbLogger}",
            "logger.mine: .*pip install",
        ),
    ],
)
def test_trainer_with_a_useless_value_is_refused(
    override: str, cure: str, config: Compose
) -> None:
    with pytest.raises(UserError, match=cure):
        build_trainer(config(override))
