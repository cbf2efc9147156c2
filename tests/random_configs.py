"""Random command lines: choices and values in and out of range, tables of any shape."""

import random
import string
from typing import Any

from conftest import CONF
from hypothesis import HealthCheck
from hypothesis import strategies as st

SHORT: Any = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}
LONG: Any = {**SHORT, "derandomize": False}
"""Settings of tests that are part of every test run, and of those for a night."""

NO_CHOICES = ("experiment", "hydra", "task")
"""Folders of conf/ that name no part of a run, or that the table decides."""

LEFT_OUT = {"data": ("openml",), "trainer": ("ddp",)}
"""Options that need a network or start processes."""


def options(group: str) -> list[str]:
    """Return the options of a group that can be tried in one process."""
    names = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
    return [name for name in names if name not in LEFT_OUT.get(group, ())]


GROUPS = sorted(
    path.name
    for path in CONF.iterdir()
    if path.is_dir() and path.name not in NO_CHOICES
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
    **dict.fromkeys(
        ["seed", "data.split_seed", "seeds.order", "optimizer.lr"], NUMBERS
    ),
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
}
"""By a key of the config, what is tried for it; endless budgets are not."""

TASKS = {"binary": 2, "multiclass": 3, "regression": 4, "auto": 2}
"""And values that a target of each has."""

QUICK = ["trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[3]"]
QUICK += ["callbacks=minimal", "logger=csv"]


@st.composite
def commands(draw: st.DrawFn, task: str) -> list[str]:
    """Overrides of scripts/train.py for a table t.csv of that task, or other data."""
    groups = draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=4))
    choices = {group: draw(st.sampled_from(options(group))) for group in groups}
    if choices.get("data", "table") == "table":
        choices |= {"data": "table", "task": task}
    chosen = [f"{group}={option}" for group, option in choices.items()]
    if choices["data"] == "table":
        chosen += ["data.path=t.csv", "data.target=y"]
    if choices["data"] == "rows":
        rows = draw(st.lists(st.lists(FEW, min_size=1, max_size=3), max_size=3))
        chosen += [f"data.inputs={plain(rows)}", "data.targets=[[1],[0]]"]
    for key in draw(st.lists(st.sampled_from([*VALUES]), max_size=3, unique=True)):
        chosen.append(f"{key}={plain(draw(VALUES[key]))}")
    return chosen


def plain(value: Any) -> str:
    """Format a value as a user types it."""
    return str(value).replace("'", "").replace(" ", "")


@st.composite
def tables(draw: st.DrawFn, classes: int) -> str:
    """A CSV file of 1 to 60 rows with 1 to 5 features of any kind."""
    kinds = draw(st.lists(st.sampled_from([*CELLS]), min_size=1, max_size=5))
    values = random.Random(draw(st.integers(0, 9)))
    rows = draw(st.integers(30, 60) | st.integers(1, 60))
    lines = [",".join([*(f"x{i}" for i in range(len(kinds))), "y"])]
    for row in range(rows):
        cells = [CELLS[kind](values) for kind in kinds]
        lines.append(",".join([*cells, str(row % classes)]))
    return "\n".join(lines)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], str]:
    """A command and its table, which mostly go together."""
    task = draw(st.sampled_from([*TASKS]))
    classes = draw(st.just(TASKS[task]) | st.integers(1, 4))
    return draw(commands(task)), draw(tables(classes))


CELLS = {
    "number": lambda values: f"{values.gauss(0, 1):.3f}",
    "number or nothing": lambda values: values.choice(["", "1.5", "-2"]),
    "huge": lambda values: values.choice(["1e30", "-1e38", "0"]),
    "whole": lambda values: str(values.randrange(5)),
    "infinite": lambda values: values.choice(["inf", "-inf", "1.5"]),
    "one word": lambda values: "ten" if values.random() < 0.1 else "3",
    "quoted": lambda values: values.choice(['"a, b"', '"a ""b"""', "Ölfaß", "01"]),
    "constant": lambda values: "7",
    "nothing": lambda values: "",
    "category": lambda values: values.choice("abc"),
    "any text": lambda values: "".join(values.choices(string.ascii_letters, k=6)),
    "truth": lambda values: values.choice(["true", "false"]),
    "day": lambda values: f"2026-01-{values.randrange(1, 29):02}",
}
"""What a column may hold."""
