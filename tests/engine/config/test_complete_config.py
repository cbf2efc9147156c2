"""Numbers that arrive as texts, parts that null switches off, useless values."""

import pytest
from conftest import Compose
from omegaconf import OmegaConf

from litmlp.engine.config.build import build_data, build_model, build_trainer
from litmlp.engine.config.complete_config import remove_null_parts
from litmlp.errors import UserError

ENVIRONMENT = {"LR": "1e-2", "N": "3", "YES": "true", "WORD": "fast"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_text_has_the_type_of_its_argument(config: Compose) -> None:
    composed = config(
        *("data=iris", "optimizer.lr=${oc.env:LR}", "optimizer.betas=['0.5','0.9']"),
        *("model.hidden_sizes=['8','4']", "data.batch_size='16'", "seed='3'"),
        *("trainer.max_epochs=${oc.env:N}", "trainer.detect_anomaly=${oc.env:YES}"),
        *("scheduler=multistep", "scheduler.milestones=['3','4']"),
        *("dropout=dropout", "dropout.p='0.5'"),
    )
    data = build_data(composed)
    assert (data.batch_size, data.order_seed) == (16, 3)
    model = build_model(composed, data)
    made = model.configure_optimizers()
    group = made["optimizer"].param_groups[0]
    assert (group["lr"], group["betas"]) == (0.01, (0.5, 0.9))
    assert set(made["lr_scheduler"]["scheduler"].milestones) == {3, 4}
    assert [block.linear.out_features for block in model.network.hidden] == [8, 4]
    assert model.network.hidden[0].dropout.p == 0.5
    trainer = build_trainer(composed)
    assert trainer.max_epochs == 3
    assert trainer.fit_loop.max_epochs == 3
    assert "oc.env:LR" in str(OmegaConf.to_container(composed)), "the file has no value"


@pytest.mark.parametrize(
    "override",
    ["optimizer.lr=${oc.env:WORD}", "model.hidden_sizes=['8','1.5']"],
)
def test_text_that_is_no_such_number_is_refused_by_its_key(
    override: str, config: Compose
) -> None:
    composed = config("data=iris", override)
    key = override.partition("=")[0]
    with pytest.raises(UserError, match=f"{key}.*: expected"):
        build_model(composed, build_data(composed)).configure_optimizers()


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
