"""Learning-rate curves of every schedule in conf/, drawn without training."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import CONF, Compose
from omegaconf import OmegaConf
from torch.optim.lr_scheduler import ConstantLR

from litmlp.engine.config.build import build_data, build_model, build_trainer
from litmlp.engine.config.run_settings import run_settings
from litmlp.errors import UserError
from litmlp.loadable_module import build_schedule
from litmlp.schedulers import Schedule

LR = 0.1


def schedule(name: str, **changes: Any) -> Schedule:
    node = OmegaConf.load(CONF / "scheduler" / f"{name}.yaml")
    run = OmegaConf.create(
        {"optimizer": {"lr": LR}, "monitor": "loss/val", "mode": "min"}
    )
    run.scheduler = OmegaConf.merge(node, changes)
    return build_schedule(OmegaConf.to_container(run.scheduler, resolve=True))


def curve(schedule: Schedule, total: int, extra: int = 0) -> list[float]:
    """The learning rate of each interval in the budget, and of extra ones after it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    scheduler = schedule.make(optimizer, total=total)
    rates = []
    for _ in range(total + extra):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


CLOSED: dict[str, Callable[[int], float]] = {
    "constant": lambda t: LR,
    "step": lambda t: LR * 0.5 ** (t // 50),
    "multistep": lambda t: LR * 0.5 ** sum(t >= m for m in (50, 125, 160)),
    "exponential": lambda t: LR * 0.95**t,
    "cosine": lambda t: LR * (1 + math.cos(math.pi * t / 200)) / 2,
}
"""The formulas that the files promise, for 200 intervals."""


@pytest.mark.parametrize("name", CLOSED)
def test_curve_is_the_closed_formula(name: str) -> None:
    rates = curve(schedule(name), total=200)
    expected = [CLOSED[name](t) for t in range(200)]
    assert rates == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_warmup_cosine_rises_in_a_line_hits_its_peak_and_ends_at_eta_min() -> None:
    rates = curve(schedule("warmup_cosine", eta_min=0.02), total=100, extra=20)
    line = [LR * (step + 1) / 6 for step in range(5)]
    assert rates[:5] == pytest.approx(line)
    assert rates[5] == pytest.approx(LR)
    assert max(rates) == rates[5]
    for t in (6, 50, 99):
        cosine = (1 + math.cos(math.pi * (t - 5) / 95)) / 2
        assert rates[t] == pytest.approx(0.02 + 0.08 * cosine)
    assert rates[100:] == pytest.approx([0.02] * 20), "it stays there"


def test_a_schedule_for_the_whole_budget_refuses_a_pure_time_budget() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    with pytest.raises(UserError, match="needs the length of the run"):
        schedule("cosine").make(optimizer, total=None)
    schedule("step").make(optimizer, total=None)


def test_impossible_values_are_refused() -> None:
    with pytest.raises(UserError, match=r"interval=batch: allowed are epoch and step"):
        Schedule(factory=ConstantLR, interval="batch")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"warmup_share must lie in \[0, 1\), got 1"):
        curve(schedule("warmup_cosine", warmup_share=1.0), total=10)


@pytest.mark.parametrize("interval", ["step", "epoch"])
@pytest.mark.parametrize(
    ("budget", "totals"),
    [
        ("trainer.max_epochs=3", {"step": 12, "epoch": 3}),  # 96 rows, 30 per batch
        ("trainer.max_steps=5", {"step": 5, "epoch": 2}),
        ("trainer.max_epochs=3 trainer.max_steps=5", {"step": 5, "epoch": 2}),
    ],
)
def test_total_is_the_length_of_the_run(
    budget: str, totals: dict[str, int], interval: str, config: Compose
) -> None:
    composed = config(
        *("data=iris", "data.batch_size=30", "trainer=cpu", *budget.split()),
        *("scheduler=linear", f"scheduler.interval={interval}"),
        *("logger=none", "callbacks=minimal"),
    )
    with run_settings(composed):
        data = build_data(composed)
        trainer = build_trainer(composed)
        trainer.fit(build_model(composed, data), datamodule=data)
    (in_use,) = trainer.lr_scheduler_configs
    assert in_use.scheduler.total_iters == totals[interval]


@pytest.mark.parametrize(
    "path",
    [p for p in sorted(CONF.glob("scheduler/*.yaml")) if "???" not in p.read_text()],
)
def test_every_schedule_keeps_the_factors_of_groups(path: Path) -> None:
    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups = [
        {"params": [w], "lr": LR * f} for w, f in zip(weights, [1, 3], strict=True)
    ]
    optimizer = torch.optim.SGD(groups, lr=LR)
    scheduler = schedule(path.stem).make(optimizer, total=20)
    for _ in range(20):
        first, second = (group["lr"] for group in optimizer.param_groups)
        assert second == pytest.approx(3 * first)
        optimizer.step()
        if path.stem == "reduce_on_plateau":
            scheduler.step(1.0)
        else:
            scheduler.step()
