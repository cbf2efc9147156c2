"""The record of one run: the choices in its config, the results in its summary."""

import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from litmlp.engine.folder import run_folder
from litmlp.engine.folder.run_folder import Baseline
from litmlp.engine.folder.untrusted_folder import check_links
from litmlp.engine.terminal.wording import command_words, text_of
from litmlp.errors import UserError

ABSENT = "(default)"

SAME_DATA = re.compile(
    r"data\.(batch_size|drop|features|fold|inputs|kinds|num_folds|order_seed|preprocessing|"
    r"(split_)?seed|\w+_share)"
)
"""Options of data that do not make them other data."""

OTHER_VALUES = re.compile(r"data\.(drop|inputs|kinds|seed)")
"""Options of data that change the values that are read, though not the problem."""

REFERENCE = re.compile(r"\$\{([\w.]+)\}")
MOST_REFERENCES = 10
"""A longer chain of references leads in a circle."""

LIMIT = 2**63
"""Larger numbers do not fit a table's columns; seeds can be as large."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if built

Count = Annotated[int, Field(ge=0, lt=LIMIT)]
Tag = Annotated[str, Field(pattern="/")]
TestTag = Annotated[str, Field(pattern="^[^/]+/test$")]


class Monitor(BaseModel):
    """The metric that chose the best checkpoint."""

    metric: str
    mode: Literal["min", "max"]  # whether smaller or larger is better


class Summary(BaseModel):
    """The part of ``summary.json`` that a report needs."""

    status: Literal["running", "done", "failed", "interrupted"]
    started: str = ""
    config_hash: str | None = None
    overrides: list[str]
    error: str = ""
    monitor: Monitor | None = None
    data: dict[str, str | int] = {}
    best_value: FiniteFloat | None = None
    best_epoch: Count | None = None
    pruned_epoch: Count | None = None
    metrics: dict[Tag, FiniteFloat | None] = {}
    baselines: dict[Baseline, dict[TestTag, FiniteFloat | None]] = {}
    parameters: Count | None = None
    epochs: Count | None = None
    iterations: Count | None = None
    samples_per_second: FiniteFloat | None = None
    wall_seconds: FiniteFloat | None = None


@dataclass(frozen=True)
class RunRecord:
    """A run that was started.

    Args:
        folder: of the run.
        summary: what it recorded.
        config: as it was saved, unresolved; empty if it cannot be read.
        choices: the chosen option of each group; likewise.
    """

    folder: Path
    summary: Summary
    config: Mapping[str, Any]
    choices: Mapping[str, Any]

    @cached_property
    def typed(self) -> dict[str, str]:
        """Values of its overrides, by key, without keys that change no result."""
        texts = {}
        for override in self.summary.overrides:
            key, _, text = override.lstrip("+").partition("=")
            if re.split(r"[./@]", key.lstrip("~"))[0] not in run_folder.NOT_HASHED:
                texts[key.lstrip("~")] = "(deleted)" if key.startswith("~") else text
        return texts

    def __getitem__(self, key: str) -> Any:
        """Return the value under a key, overridden or not; long ones as typed."""
        value = self.exact(key)
        items = value if isinstance(value, list) else [value]
        long = any(isinstance(item, dict | list) for item in items)
        return as_number(self.typed.get(key, ABSENT)) if long else value

    def exact(self, key: str) -> Any:
        """Return the value under a key, in full; follow ``${references}``."""
        at = key
        for _ in range(MOST_REFERENCES):
            value = self.choices.get(at, descend(self.config, at.split(".")))
            reference = REFERENCE.fullmatch(value) if isinstance(value, str) else None
            if reference is None and value != ABSENT:
                return value
            if reference is None:
                break
            at = reference[1]
        return as_number(self.typed.get(key, ABSENT))

    @property
    def monitor(self) -> Monitor:
        """The metric that chooses its best checkpoint."""
        metric, mode = str(self["monitor"]), str(self["mode"])
        return self.summary.monitor or Monitor.model_construct(metric=metric, mode=mode)

    @cached_property
    def problem(self) -> dict[str, str]:
        """Options that two runs must share for their values to be compared."""
        is_loss = self.monitor.metric.startswith("loss/")
        groups = ["data", "loss"] if is_loss else ["data"]
        keys = list(groups)
        for group in groups:
            node = self.config.get(group)
            keys += [f"{group}.{k}" for k in node] if isinstance(node, dict) else []
        keys += [key for key in self.typed if key.split(".")[0] in groups]
        decisive = {
            k: text_of(self.exact(k)) for k in keys if not SAME_DATA.fullmatch(k)
        }
        task = self["task.name"] if self["task.name"] != ABSENT else self["task"]
        chosen_by = {"monitor": self.monitor.metric, "mode": self.monitor.mode}
        return decisive | {"task": str(task)} | chosen_by

    @property
    def source(self) -> str:
        """Text that two runs share if they should have read the same values."""
        keys = [*self.typed, *(f"data.{key}" for key in self.config.get("data") or ())]
        read = {k: text_of(self.exact(k)) for k in keys if OTHER_VALUES.fullmatch(k)}
        return str(sorted((self.problem | read).items()))

    @property
    def digest(self) -> str:
        """Start of the hash of the values that it read; empty in older versions."""
        return str(self.summary.data.get("values", ""))[:8]

    @property
    def command(self) -> str:
        """Shell command that trains it again, alone."""
        kept = [o for o in self.summary.overrides if not o.startswith("sweep.")]
        # An experiment may be a sweep; one of its runs is not.
        alone = ["hydra.mode=RUN"] if "experiment" in self.typed else []
        return shlex.join([*command_words("train"), *kept, *alone])


def read_run(folder: Path) -> RunRecord:
    """Return the record of a run's folder.

    Raises:
        UserError: the summary cannot be read, or is not one that a run writes.
    """
    check_links(folder)
    try:
        summary = Summary.model_validate(run_folder.read_summary(folder))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        path = folder / "summary.json"
        raise UserError(f"{path} is broken: {where}: {first['msg']}") from error
    config = load_yaml(folder / ".hydra" / "config.yaml")
    hydra = load_yaml(folder / ".hydra" / "hydra.yaml")
    choices = descend(hydra, ["hydra", "runtime", "choices"])
    return RunRecord(folder, summary, config, choices if choices != ABSENT else {})


def load_yaml(path: Path) -> dict[str, Any]:
    """Return a file's dictionary, or an empty one if there is none to read."""
    try:
        content = yaml.load(path.read_bytes(), Loader=LOADER)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def descend(node: Any, keys: list[str]) -> Any:
    """Return the value below nested keys, or ABSENT."""
    return reduce(
        lambda at, key: at.get(key, ABSENT) if isinstance(at, dict) else ABSENT,
        keys,
        node,
    )


def as_number(text: str) -> float | int | str:
    """Return a number as it was typed, or the text.

    >>> as_number("1e-3")
    0.001
    """
    if re.fullmatch(r"[+-]?\d{1,20}", text):
        return int(text)
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def short(value: Any) -> str:
    """Return a choice as a user types it, with at most four digits of a number.

    >>> short(0.0052855728), short(64), short("relu")
    ('0.005286', '64', 'relu')
    """
    return f"{value:.4g}" if isinstance(value, float) else text_of(value)
