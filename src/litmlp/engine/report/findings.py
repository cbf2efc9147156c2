"""Everything that is concluded about one problem."""

from dataclasses import dataclass

import polars as pl

from litmlp.engine.report.effects import best_pairings, by_level, effects
from litmlp.engine.report.problems import Problem
from litmlp.engine.report.ranking import rank_choices


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A problem's choices ranked, its axes weighed.

    Attributes:
        choices: of :func:`litmlp.engine.report.ranking.rank_choices`.
        levels: of :func:`litmlp.engine.report.effects.by_level`.
        effects: of :func:`litmlp.engine.report.effects.effects`.
        pairings: of :func:`litmlp.engine.report.effects.best_pairings`.
    """

    problem: Problem
    choices: pl.DataFrame
    levels: pl.DataFrame
    effects: pl.DataFrame
    pairings: pl.DataFrame

    @property
    def command(self) -> str:
        """What trains the best run of the best choice again."""
        runs = self.problem.runs.filter(choice=self.choices["choice"][0])
        return str(runs["command"][0])


def find(problem: Problem) -> Findings:
    """What the runs of a problem tell."""
    levels = by_level(problem)
    return Findings(
        problem=problem,
        choices=rank_choices(problem),
        levels=levels,
        effects=effects(levels, problem.mode),
        pairings=best_pairings(levels, problem.compared, problem.mode),
    )
