"""Random command lines: choices and values in and out of range, tables of any shape."""

import random
import string
from pathlib import Path
from typing import Any

from conftest import CONF
from hypothesis import strategies as st
from omegaconf import OmegaConf

NO_CHOICES = ("experiment", "hydra", "task")
"""Folders of conf/ that name no part of a run, or that the table decides."""

LEFT_OUT = {"data": ("openml",), "trainer": ("ddp",)}
"""Options that need a network or start processes."""


def options(group: str) -> list[str]:
    """Those of a group that can be tried in one process."""
    names = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
    return [name for name in names if name not in LEFT_OUT.get(group, ())]


GROUPS = sorted(
    path.name for path in CONF.iterdir() if path.is_dir() and path.name not in NO_CHOICES
)
PER_LAYER = ("activation", "batchnorm", "dropout", "initializer")

NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 2, 3, 0.5, 1e-30, 1e30, "null", "abc", "[]", "true"]),
    st.integers(-3, 40),
    st.floats(-2, 2, allow_nan=False).map(lambda value: round(value, 4)),
)
FEW = st.sampled_from([-3, 0, 1, 2, 3, 0.5, 1e30, "null", "abc", "true", "[]"])
SHARES = st.sampled_from([-1, 0, 0.0, 0.4, 1.0, 1, 2, 1.5, "null", "abc", "true"])
TIMES = ["00:00:00:01", "00:00:00:00", "soon", "1", "null", "{seconds:1}"]
METRICS = ["loss", "accuracy", "f1", "auroc", "r2", "mae", "rmse", "x"]
SPLITS = ["train", "val", "test"]

VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(["seed", "data.split_seed", "seeds.order", "optimizer.lr"], NUMBERS),
    **dict.fromkeys(["seeds.initialization", "seeds.dropout"], NUMBERS),
    "data.batch_size": NUMBERS | st.just("full"),
    **dict.fromkeys(["data.test_share", "data.validation_share"], NUMBERS),
    **dict.fromkeys(["data.num_folds", "data.fold"], NUMBERS),
    "data.standardize_target": NUMBERS | st.just("false"),
    "num_threads": FEW,
    "mode": st.sampled_from(["min", "max", "best"]),
    "monitor": st.builds(
        "{}/{}".format, st.sampled_from(METRICS), st.sampled_from(SPLITS)
    ),
    "logger.x_axis": st.sampled_from(["step", "epoch", "samples", "time"]),
    "model.hidden_sizes": NUMBERS | st.lists(st.integers(-1, 5), max_size=4),
    **{
        f"model.{group}": st.lists(
            st.sampled_from([*options(group), "nothing"]), max_size=4
        )
        for group in PER_LAYER
    },
    "trainer.max_epochs": FEW,
    "trainer.max_steps": NUMBERS,
    "trainer.max_time": st.sampled_from(TIMES),
    "trainer.accumulate_grad_batches": NUMBERS,
    "trainer.gradient_clip_val": NUMBERS,
    "+trainer.gradient_clip_algorithm": st.sampled_from(["norm", "value", "abc"]),
    "trainer.precision": st.sampled_from(
        ["64-true", "bf16-true", "bf16-mixed", "16-mixed", "16-true", "32", "8", "null"]
    ),
    "trainer.detect_anomaly": st.sampled_from(["true", "false", "1"]),
    "+trainer.check_val_every_n_epoch": FEW,
    "+trainer.val_check_interval": SHARES,
    "+trainer.min_epochs": FEW,
    "+trainer.min_steps": FEW,
    "+trainer.limit_train_batches": SHARES,
    "+trainer.limit_val_batches": SHARES,
    "+trainer.limit_test_batches": SHARES,
    "+trainer.overfit_batches": SHARES,
    "+trainer.fast_dev_run": SHARES,
    "+trainer.barebones": st.sampled_from(["true", "false"]),
    "+trainer.deterministic": st.sampled_from(["true", "warn", "abc"]),
    "+trainer.inference_mode": st.sampled_from(["true", "false"]),
    "+trainer.reload_dataloaders_every_n_epochs": FEW,
    "~trainer.max_time": st.just("null"),
}
"""By a key of the config, what is tried for it; endless budgets are not."""

TASKS = ("binary", "multiclass", "regression", "auto")

QUICK = ["trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[3]"]
QUICK += ["callbacks=minimal", "logger=csv"]


def own_keys(group: str, option: str) -> list[str]:
    """The dotted keys of an option's file."""
    content: Any = OmegaConf.to_container(OmegaConf.load(CONF / group / f"{option}.yaml"))

    def dotted(node: Any, key: str) -> list[str]:
        if not isinstance(node, dict) or not node:
            return [key]
        named = {n: v for n, v in node.items() if n != "defaults" and n[0] != "_"}
        return [found for n, v in named.items() for found in dotted(v, f"{key}.{n}")]

    return [] if not content else dotted(content, group)


@st.composite
def commands(draw: st.DrawFn) -> list[str]:
    """Overrides of scripts/train.py for a table t.csv."""
    groups = draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=4))
    choices = {group: draw(st.sampled_from(options(group))) for group in groups}
    if choices.get("data", "table") == "table":
        choices |= {"data": "table", "task": draw(st.sampled_from(TASKS))}
    chosen = [f"{group}={option}" for group, option in choices.items()]
    if choices["data"] == "table":
        chosen += ["data.path=t.csv", "data.target=y"]
    if choices["data"] == "rows":
        rows = draw(st.lists(st.lists(FEW, max_size=3), max_size=3))
        chosen += [f"data.inputs={rows}".replace("'", ""), "data.targets=[[1],[0]]"]
    own = sorted(key for g, o in choices.items() for key in own_keys(g, o))
    skipped = ("folder", "path", "target", "inputs", "devices", "strategy")
    own = [key for key in own if key.rpartition(".")[2] not in skipped]
    for key in draw(st.lists(st.sampled_from(sorted({*VALUES, *own})), max_size=4)):
        value = draw(VALUES.get(key, NUMBERS))
        chosen.append(f"{key}={value}".replace("'", "").replace(" ", ""))
    return list(dict.fromkeys(chosen))


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A CSV file of 1 to 40 rows, 1 to 5 features of any kind and 1 to 4 targets."""
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    classes, seed = draw(st.integers(1, 4)), draw(st.integers(0, 9))
    values = random.Random(seed)
    lines = [",".join([*(f"x{i}" for i in range(len(kinds))), "y"])]
    for row in range(draw(st.integers(1, 40))):
        cells = [CELLS[kind](values) for kind in kinds]
        lines.append(",".join([*cells, str(row % classes)]))
    return "\n".join(lines)


CELLS = {
    "number": lambda values: f"{values.gauss(0, 1):.3f}",
    "number or nothing": lambda values: values.choice(["", "1.5", "-2"]),
    "huge": lambda values: values.choice(["1e30", "-1e38", "0"]),
    "whole": lambda values: str(values.randrange(5)),
    "constant": lambda values: "7",
    "nothing": lambda values: "",
    "category": lambda values: values.choice("abc"),
    "any text": lambda values: "".join(values.choices(string.ascii_letters, k=6)),
    "truth": lambda values: values.choice(["true", "false"]),
    "day": lambda values: f"2026-01-{values.randrange(1, 29):02}",
}
"""What a column may hold."""

