"""What is searched, in Hydra's grammar of overrides: choices, ranges, intervals."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from litmlp.engine.folder.sweep_folder import SEED
from litmlp.errors import UserError, nearest

Job = tuple[str, ...]
"""The overrides of one run."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key whose values are searched.

    Attributes:
        key: as it is typed, ``optimizer.lr`` or ``+note``.
        distribution: of the values; choices are texts, as one would type them.
        condition: the choice under which the key exists, ``optimizer=momentum``.
    """

    key: str
    distribution: BaseDistribution
    condition: str | None = None

    def suggest(self, trial: Trial) -> str:
        """A value that the study's sampler chooses."""
        match self.distribution:
            case CategoricalDistribution(choices=choices):
                return str(trial.suggest_categorical(self.key, choices))
            case IntDistribution(low=low, high=high, step=step, log=log):
                return str(trial.suggest_int(self.key, low, high, step=step, log=log))
            case FloatDistribution(low=low, high=high, step=step, log=log):
                return str(trial.suggest_float(self.key, low, high, step=step, log=log))
        raise AssertionError(self.distribution)

    def values(self) -> Sequence[str] | None:
        """All of them, or None if they cannot be counted."""
        match self.distribution:
            case CategoricalDistribution(choices=choices):
                return [str(choice) for choice in choices]
            case IntDistribution(low=low, high=high, step=step):
                return [str(value) for value in range(low, high + 1, step)]
            case FloatDistribution(low=low, high=high, step=float(step)):
                count = round((high - low) / step) + 1
                return [str(low + place * step) for place in range(count)]
        return None


@dataclass(frozen=True, kw_only=True)
class Space:
    """The runs among which a search looks for the best.

    Attributes:
        fixed: overrides of every run.
        axes: what is searched; one that is a condition comes before those under it.
        repeats: the seeds and folds with which each choice is run; ``[()]`` for once.
    """

    fixed: Job
    axes: Sequence[Axis]
    repeats: Sequence[Job]

    def fill(self, choose: Callable[[Axis], str]) -> Job:
        """A choice from each axis whose condition holds."""
        job = self.fixed
        for axis in self.axes:
            if axis.condition is None or axis.condition in job:
                job = (*job, f"{axis.key}={choose(axis)}")
        return job

    def grid(self) -> Iterator[Job]:
        """Every combination, one by one.

        Raises:
            UserError: an axis has values without number.
        """
        jobs: Iterator[Job] = iter([self.fixed])
        for axis in self.axes:
            values = axis.values()
            if values is None:
                raise UserError(
                    f"{axis.key}: a grid needs values that can be counted: "
                    f"{axis.key}=1,2,3 or range(1,4)"
                )
            jobs = extended(jobs, axis, values)
        return jobs

    def examples(self) -> Iterator[Job]:
        """A few runs in which every value of the unconditional choices occurs."""
        values = {axis: axis.values() or [lowest(axis)] for axis in self.axes}
        for place in range(max(map(len, values.values()), default=1)):
            yield self.fill(partial(nth, values, place))


def extended(jobs: Iterable[Job], axis: Axis, values: Sequence[str]) -> Iterator[Job]:
    """Each job once a value, where the axis's condition holds."""
    for job in jobs:
        if axis.condition is None or axis.condition in job:
            yield from ((*job, f"{axis.key}={value}") for value in values)
        else:
            yield job


def nth(values: Mapping[Axis, Sequence[str]], place: int, axis: Axis) -> str:
    """A value of an axis, from the first one again after the last."""
    return values[axis][place % len(values[axis])]


def lowest(axis: Axis) -> str:
    """The lower end of an interval."""
    assert isinstance(axis.distribution, FloatDistribution)
    return str(axis.distribution.low)


def read_space(
    typed: Sequence[str],
    params: Mapping[str, object],
    when: Mapping[str, Mapping[str, object]],
    parser: OverridesParser,
) -> Space:
    """The space that overrides describe.

    Args:
        typed: on the command line; they win.
        params: overrides by key.
        when: likewise, by the choice under which they are searched.
        parser: Hydra's.

    Raises:
        UserError: values that cannot be searched, a condition that never holds.
    """
    always = parsed([*as_overrides(params), *typed], parser)
    axes, repeats, fixed = [], [], []
    for key, override in always.items():
        if not override.is_sweep_override():
            fixed.append(str(override.input_line))
        elif SEED.match(f"{key.lstrip('+')}="):
            repeats.append([f"{key}={v}" for v in override.sweep_string_iterator()])
        else:
            axes.append(Axis(key=key, distribution=distribution(override)))
    for condition, conditional in when.items():
        refuse_impossible(condition, fixed, axes)
        for key, override in parsed(as_overrides(conditional), parser).items():
            if key not in always:
                searched = distribution(override)
                axes.append(Axis(key=key, distribution=searched, condition=condition))
    if not axes:
        raise UserError(
            "there is nothing to search: give values, as in "
            "'optimizer.lr=tag(log,interval(1e-4,1e-1))' or activation=relu,tanh"
        )
    return Space(fixed=tuple(fixed), axes=axes, repeats=list(product(*repeats)))


def as_overrides(params: Mapping[str, object]) -> list[str]:
    """As one would type them."""
    return [f"{key}={'null' if v is None else v}" for key, v in params.items()]


def parsed(texts: Sequence[str], parser: OverridesParser) -> dict[str, Override]:
    """Overrides by key; a later one wins."""
    overrides = parser.parse_overrides(list(texts))
    return {override.get_key_element(): override for override in overrides}


def distribution(override: Override) -> BaseDistribution:
    """What Optuna calls the values of an override; a fixed value is the only choice.

    Raises:
        UserError: Optuna does not know such values.
    """
    try:
        match override.value():
            case IntervalSweep(
                start=int() | float() as low, end=int() | float() as high, tags=tags
            ):
                return numbers(low, high, None, log="log" in tags)
            case RangeSweep(step=step, tags=tags) as values:
                ends = list(values.range())
                if not ends:
                    raise ValueError("there is no value in it")
                return numbers(min(ends), max(ends), abs(step), log="log" in tags)
        if override.is_sweep_override():
            return CategoricalDistribution(
                list(dict.fromkeys(override.sweep_string_iterator()))
            )
        return CategoricalDistribution([override.get_value_element_as_str()])
    except ValueError as error:
        raise UserError(f"{override.input_line}: {error}") from error


def numbers(
    low: float, high: float, step: float | None, *, log: bool
) -> FloatDistribution | IntDistribution:
    """Whole numbers if both ends are, else real ones."""
    if all(isinstance(value, int) for value in (low, high, step or 1)):
        return IntDistribution(int(low), int(high), step=int(step or 1), log=log)
    return FloatDistribution(float(low), float(high), step=step, log=log)


def refuse_impossible(
    condition: str, fixed: Sequence[str], axes: Sequence[Axis]
) -> None:
    """
    Raises:
        UserError: no run makes that choice.
    """
    choices = [f"{axis.key}={value}" for axis in axes for value in axis.values() or ()]
    if condition not in (*fixed, *choices):
        raise UserError(
            f"hydra.sweeper.when: {condition} is never chosen. "
            f"{nearest(condition, [*fixed, *choices])}"
        )
