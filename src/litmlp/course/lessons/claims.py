"""Claims about a measure, and the judgement of a sweep's runs on them."""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rich.table import Table

from litmlp.course.lessons.sweep_runs import SweepRun
from litmlp.engine.folder import run_folder
from litmlp.engine.report.intervals import margin
from litmlp.engine.terminal.console import table
from litmlp.errors import UserError

OVER: dict[str, Callable[[list[float]], float]] = {
    "mean": statistics.mean,
    "smallest": min,
    "range": lambda values: max(values) - min(values),
}

Verdict = Literal["supported", "not supported", "reversed", "not measured"]


@dataclass(kw_only=True, frozen=True)
class Claim:
    """A sentence, and the effect that the runs of a sweep show if it is true.

    Runs with the settings ``of`` are compared with runs that have ``against``, seed by
    seed; without ``against``, their own values are the effect.

    Args:
        says: the sentence.
        measure: the name of one of the lesson's measures.
        of, against: settings that runs share: ``{activation: relu}``.
        compare: the effect is the ``difference`` of two values or their ``ratio``.
        over: statistic of several runs with one seed: their ``mean``, the
            ``smallest``, or the ``range`` between the smallest and the largest.
        above, below: limits between which the whole interval of the effect must lie.

    Raises:
        UserError: neither ``above`` nor ``below``, or the ratio of a single side.
    """

    says: str
    measure: str
    of: dict[str, Any]
    against: dict[str, Any] | None = None
    compare: Literal["difference", "ratio"] = "difference"
    over: Literal["mean", "smallest", "range"] = "mean"
    above: float = -math.inf
    below: float = math.inf

    def __post_init__(self) -> None:
        if math.isinf(self.above) and math.isinf(self.below):
            raise UserError(f"the claim {self.says!r} needs above or below")
        if self.compare == "ratio" and self.against is None:
            raise UserError(f"the claim {self.says!r} compares nothing: give against")

    def judge(self, values: Mapping[SweepRun, float]) -> "Judgement":
        """Judge the claim from the measure's value of every run.

        The verdict is ``not measured`` if fewer than two seeds have both sides, or a
        value is not finite.
        """
        effects = self.effects(values)
        if len(effects) < 2 or not all(map(math.isfinite, effects)):
            return Judgement(self, "not measured", len(effects))
        effect, low, high = interval(effects, geometric=self.compare == "ratio")
        verdict = self.verdict(low, high)
        return Judgement(self, verdict, len(effects), effect, low, high)

    def effects(self, values: Mapping[SweepRun, float]) -> list[float]:
        """Return the effect in every seed that has both sides."""
        of = self.by_seed(self.of, values)
        if self.against is None:
            return list(of.values())
        against = self.by_seed(self.against, values)
        pairs = [(of[seed], against[seed]) for seed in of if seed in against]
        if self.compare == "ratio":
            return [a / b if a > 0 and b > 0 else math.nan for a, b in pairs]
        return [a - b for a, b in pairs]

    def by_seed(
        self, settings: Mapping[str, Any], values: Mapping[SweepRun, float]
    ) -> dict[tuple[str, ...], float]:
        """Return the statistic of the runs with some settings, for each seed."""
        groups: dict[tuple[str, ...], list[float]] = defaultdict(list)
        for run, value in values.items():
            if settings.items() <= run.settings.items():
                groups[run.repeat].append(value)
        return {seed: OVER[self.over](group) for seed, group in groups.items()}

    def verdict(self, low: float, high: float) -> Verdict:
        """Return the verdict on an effect that lies between low and high."""
        if self.above < low and high < self.below:
            return "supported"
        none = 1.0 if self.compare == "ratio" else 0.0
        more, less = self.above >= none, self.below <= none
        against = (more and high < none) or (less and low > none)
        return "reversed" if self.against and against else "not supported"


@dataclass(frozen=True)
class Judgement:
    """A claim's verdict, its mean effect over seeds, and the 95 % interval."""

    claim: Claim
    verdict: Verdict
    seeds: int
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        if self.verdict == "not measured":
            return ""
        alone, ratio = self.claim.against is None, self.claim.compare == "ratio"
        sign = "" if alone or ratio else "+"
        effect, low, high = (
            f"{float(f'{number:.3g}'):{sign},.6g}".replace("-", "−")
            for number in (self.effect, self.low, self.high)
        )
        return f"{'×' if ratio else ''}{effect} ({low} to {high})"


@dataclass(kw_only=True, frozen=True)
class Outcome:
    """The measures of a lesson's runs, and the verdicts that follow from them."""

    question: str
    curves: str | None  # a tag that the picture shows over the epochs
    runs: Sequence[SweepRun]
    values: Mapping[str, Mapping[SweepRun, float]]  # by measure
    judgements: Sequence[Judgement]

    def table(self) -> Table:
        """Return one line per claim for the console."""
        result = table(self.question, "verdict", "effect (95 % interval)", "seeds")
        for judged in self.judgements:
            cells = judged.claim.says, judged.verdict, str(judged), str(judged.seeds)
            result.add_row(*cells)
        return result

    def write_json(self, path: Path) -> None:
        """Write the verdicts."""
        claims = [asdict(judgement) for judgement in self.judgements]
        run_folder.write_json(path, {"question": self.question, "claims": claims})


def interval(
    values: Sequence[float], *, geometric: bool = False
) -> tuple[float, float, float]:
    """Return the mean of two or more values, and its 95 % interval (Student's t).

    A geometric mean is that of the logarithms of positive values.
    """
    if geometric:
        mean, low, high = interval([math.log(value) for value in values])
        return math.exp(mean), math.exp(low), math.exp(high)
    mean = statistics.mean(values)
    half = float(margin(statistics.stdev(values), len(values)))
    return mean, mean - half, mean + half
