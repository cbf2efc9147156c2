"""A lesson: a question, what is measured and claimed, and what a sweep says to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from litmlp.course.lessons.claims import Claim, Judgement
from litmlp.course.lessons.sweep_runs import Member, read_members
from litmlp.errors import UserError, nearest

Measure = Callable[[Member], float]


@dataclass(kw_only=True, frozen=True)
class Outcome:
    """What the members of a sweep came to.

    Args:
        members: in the order in which they started.
        values: of every measure, for every member.
        judgements: one a claim.
    """

    members: Sequence[Member]
    values: Mapping[str, Mapping[Member, float]]
    judgements: Sequence[Judgement]


@dataclass(kw_only=True, frozen=True)
class Lesson:
    """A question that a sweep answers.

    Args:
        question: a sentence.
        measures: from a member to a number, by what it is called.
        claims: what is said of the measures.
        curves: a tag of ``metrics.csv`` that the picture shows over the epochs.

    Raises:
        UserError: a claim about something that is not measured.
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

    def judge(self, sweep: Path) -> Outcome:
        """The outcome of a sweep, from its folders alone.

        Raises:
            UserError: no member ended well, or a measure finds nothing in its folder.
        """
        members = read_members(sweep)
        if not members:
            raise UserError(f"{sweep} has no finished member to learn from")
        values = {
            name: {member: measure(member) for member in members}
            for name, measure in self.measures.items()
        }
        judgements = [claim.judge(values[claim.measure]) for claim in self.claims]
        return Outcome(members=members, values=values, judgements=judgements)
