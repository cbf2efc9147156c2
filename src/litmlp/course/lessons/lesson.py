"""A lesson: a question, measures and claims, which a sweep answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from litmlp.course.lessons.claims import Claim, Outcome
from litmlp.course.lessons.sweep_runs import SweepRun, read_runs
from litmlp.engine.terminal.console import console
from litmlp.errors import UserError, nearest

Measure = Callable[[SweepRun], float]


@dataclass(kw_only=True, frozen=True)
class Lesson:
    """A question that a sweep answers: the value of ``lesson:`` in its config.

    Args:
        question: a sentence.
        measures: functions from a run to a number, by the name that claims use.
        claims: statements about the measures.
        curves: a tag of ``metrics.csv`` that the picture shows over the epochs.

    Raises:
        UserError: a claim names no measure of the lesson.
    """

    question: str
    measures: Mapping[str, Measure]
    claims: Sequence[Claim]
    curves: str | None = None

    def __post_init__(self) -> None:
        for claim in self.claims:
            if claim.measure not in self.measures:
                known = nearest(claim.measure, self.measures)
                raise UserError(f"claim {claim.says!r}: no such measure. {known}")

    def conclude(self, sweep: Path) -> None:
        """Judge a finished sweep: print verdicts, write verdict.json and lesson.png.

        Raises:
            UserError: the sweep's folders lack something that the lesson measures.
        """
        # Matplotlib takes a second to load; a sweep that starts does not wait for it.
        from litmlp.course.lessons.picture import draw
        from litmlp.engine.figures.style import report_failed_picture, save

        outcome = self.judge(sweep)
        outcome.write_json(sweep / "verdict.json")
        with report_failed_picture():
            save(draw(outcome), sweep / "lesson.png")
        console.print(outcome.table())
        console.print(f"picture      {sweep / 'lesson.png'}", soft_wrap=True)

    def judge(self, sweep: Path) -> Outcome:
        """Return the outcome of a sweep, from its folders alone.

        Raises:
            UserError: no run is done, or a measure finds nothing in a run's folder.
        """
        runs = read_runs(sweep)
        if not runs:
            raise UserError(f"{sweep} has no finished run to learn from")
        values = {
            name: {run: measure(run) for run in runs}
            for name, measure in self.measures.items()
        }
        return Outcome(
            question=self.question,
            curves=self.curves,
            runs=runs,
            values=values,
            judgements=[claim.judge(values[claim.measure]) for claim in self.claims],
        )
