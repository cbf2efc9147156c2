"""Metrics of the group ``metrics`` are measured beside those of the task."""

import pytest
from conftest import CONF, Compose

from litmlp.engine.config.build import build_data, build_model, build_trainer
from litmlp.engine.config.metric_direction import best_end
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.run.split_metrics import split_metrics
from litmlp.errors import UserError

OPTIONS = sorted(path.stem for path in (CONF / "metrics").glob("*.yaml"))
BEST_IS_LARGE = {"balanced_accuracy", "mcc"}
OF_VALUES = {"mape"}
QUICK = ("trainer=cpu", "trainer.max_epochs=0", "logger=none", "callbacks=minimal")


@pytest.mark.parametrize("data", ["gauss", "iris", "diabetes"])
def test_every_metric_of_a_task_is_one_word(data: str, config: Compose) -> None:
    names = [name for name in OPTIONS if (name in OF_VALUES) == (data == "diabetes")]
    composed = config(f"data={data}", f"metrics=[{','.join(names)}]", *QUICK)
    usual = config(f"data={data}", *QUICK).task.metrics
    with run_settings(composed):
        data_module = build_data(composed)
        model = build_model(composed, data_module)
        found = split_metrics(model, data_module, build_trainer(composed))
    tags = [f"{name}/test" for name in ["loss", *usual, *names]]
    assert [tag for tag in found if tag.endswith("/test")] == tags
    assert all(abs(found[tag]) < 100 for tag in tags[-len(names) :])
    for name in names:
        expected = "max" if name in BEST_IS_LARGE else "min"
        assert best_end(name, composed.task.metrics) == expected


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data=diabetes", "metrics=mcc"], "task.metrics.mcc: Invalid.*regression"),
        (["data=diabetes", "metrics=brier"], "task.metrics.brier.task=regression"),
    ],
)
def test_a_metric_of_another_task_is_refused_before_training(
    overrides: list[str], message: str, config: Compose
) -> None:
    composed = config(*overrides, *QUICK)
    with pytest.raises(UserError, match=message):
        build_model(composed, build_data(composed))
