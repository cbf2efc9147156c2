"""The outcome of a lesson: verdicts as a console table and as ``verdict.json``."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from litmlp.course.lessons.claims import Judgement
from litmlp.course.lessons.sweep_runs import SweepRun, axes, group_by
from litmlp.engine.folder import run_folder
from litmlp.engine.terminal.console import table


@dataclass(kw_only=True, frozen=True)
class Outcome:
    """The measures of a sweep and the verdicts that follow from them.

    Args:
        question: of the lesson.
        curves: a tag of ``metrics.csv`` that the picture shows over the epochs.
        runs: in the order in which they started.
        values: of every measure, for every run.
        judgements: one per claim.
    """

    question: str
    curves: str | None
    runs: Sequence[SweepRun]
    values: Mapping[str, Mapping[SweepRun, float]]
    judgements: Sequence[Judgement]

    def verdicts(self) -> Table:
        """Return one line per claim for the console."""
        result = table(self.question, "verdict", "effect (95 % interval)", "seeds")
        for judgement in self.judgements:
            result.add_row(
                judgement.claim.says,
                judgement.verdict,
                str(judgement),
                str(judgement.seeds),
            )
        return result

    def write_json(self, path: Path) -> None:
        """Write the verdicts and the numbers behind them."""
        measures = {name: by_setting(values) for name, values in self.values.items()}
        claims = [asdict(judgement) for judgement in self.judgements]
        content = {"question": self.question, "claims": claims, "measures": measures}
        run_folder.write_json(path, content)


def by_setting(values: Mapping[SweepRun, float]) -> list[dict[str, Any]]:
    """Return mean and values of a measure in each setting of the sweep."""
    keys = axes(list(values))
    return [
        {
            "settings": dict(zip(keys, settings, strict=True)),
            "mean": statistics.mean(values[run] for run in runs),
            "values": [values[run] for run in runs],
        }
        for settings, runs in group_by(list(values), keys).items()
    ]
