"""One run as a report sees it: what was chosen, and what came out."""

import math
import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from litmlp.engine.folder import run_folder
from litmlp.engine.folder.untrusted import refuse_ways_out
from litmlp.engine.report.saved_config_reader import ABSENT, SavedConfig
from litmlp.errors import UserError

SAME_DATA = re.compile(
    r"data\.(batch_size|drop|fold|inputs|kinds|num_folds|order_seed|preprocessing|"
    r"(split_)?seed|\w+_share)"
)
"""What can be chosen about data without making them other data."""

LIMIT = 2**63
"""Larger numbers have no place in a table's columns; seeds can be as large."""

MOST = 300
"""Metrics or overrides of a run; each can become a column of all tables."""

Count = Annotated[int, Field(ge=0, lt=LIMIT)]
Tag = Annotated[str, Field(pattern="/")]


class Monitor(BaseModel):
    """What the best checkpoint was chosen by."""

    metric: str
    mode: Literal["min", "max"]


class Outcome(BaseModel):
    """What a report takes from ``summary.json``."""

    status: Literal["running", "done", "failed", "interrupted"]
    started: str = ""
    config_hash: str | None = None
    overrides: Annotated[list[str], Field(max_length=MOST)]
    error: str = ""
    monitor: Monitor | None = None
    best_value: FiniteFloat | None = None
    best_epoch: Count | None = None
    pruned_epoch: Count | None = None
    metrics: Annotated[dict[Tag, FiniteFloat | None], Field(max_length=MOST)] = {}
    parameters: Count | None = None
    epochs: Count | None = None
    iterations: Count | None = None
    samples_per_second: FiniteFloat | None = None
    wall_seconds: FiniteFloat | None = None


@dataclass(frozen=True)
class Member:
    """A run that was started, with the config that it saved."""

    folder: Path
    outcome: Outcome
    config: SavedConfig

    @cached_property
    def typed(self) -> dict[str, str]:
        """What its overrides say, by key, without those that change no result."""
        texts = {}
        for override in self.outcome.overrides:
            key, _, text = override.lstrip("+").partition("=")
            if re.split(r"[./@]", key.lstrip("~"))[0] not in run_folder.NOT_HASHED:
                texts[key.lstrip("~")] = "(deleted)" if key.startswith("~") else text
        return texts

    def __getitem__(self, key: str) -> Any:
        """The value under a key, whether it was overridden or not."""
        value = self.exact(key)
        items = value if isinstance(value, list) else [value]
        long = any(isinstance(item, dict | list) for item in items)
        return as_number(self.typed.get(key, ABSENT)) if long else value

    def exact(self, key: str) -> Any:
        """The same, in full where it is a dictionary or a list of lists."""
        value = self.config[key]
        return as_number(self.typed.get(key, ABSENT)) if value == ABSENT else value

    @property
    def monitor(self) -> str:
        """The metric by which its best checkpoint is chosen."""
        known = self.outcome.monitor
        return known.metric if known else str(self["monitor"])

    @property
    def mode(self) -> str:
        """Whether the smallest or the largest value is the best."""
        known = self.outcome.monitor
        return known.mode if known else str(self["mode"])

    @property
    def problem(self) -> dict[str, str]:
        """What two runs must share for their values to be compared."""
        groups = ["data", "loss"] if self.monitor.startswith("loss/") else ["data"]
        keys = [*groups, *(key for group in groups for key in self.config.below(group))]
        keys += [key for key in self.typed if key.split(".")[0] in groups]
        decisive = {
            k: text_of(self.exact(k)) for k in keys if not SAME_DATA.fullmatch(k)
        }
        task = self["task.name"] if self["task.name"] != ABSENT else self["task"]
        return decisive | {
            "task": str(task),
            "monitor": self.monitor,
            "mode": self.mode,
        }

    @property
    def command(self) -> str:
        """What to type in a shell to train it again, alone."""
        kept = [o for o in self.outcome.overrides if not o.startswith("sweep.")]
        # An experiment may be a sweep; one of its members is not.
        alone = ["hydra.mode=RUN"] if "experiment" in self.typed else []
        return shlex.join(["python", "scripts/train.py", *kept, *alone])


def read_member(folder: Path) -> Member:
    """
    Raises:
        UserError: the summary cannot be read, or is not what a run leaves.
    """
    refuse_ways_out(folder)
    try:
        outcome = Outcome.model_validate(run_folder.read_summary(folder))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        path = folder / "summary.json"
        raise UserError(f"{path} is broken: {where}: {first['msg']}") from error
    return Member(folder, outcome, SavedConfig(folder))


def as_number(text: str) -> float | int | str:
    """A number as it was typed, or the text.

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


def text_of(value: Any) -> str:
    """A value as one would type it.

    >>> text_of([64, 0.5, None, True])
    '[64,0.5,null,true]'
    """
    if isinstance(value, list):
        return f"[{','.join(map(text_of, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
