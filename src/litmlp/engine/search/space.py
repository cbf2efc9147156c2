"""The space of a search, in Hydra's grammar: choices, ranges, intervals."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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

from litmlp.engine.config.command_mistakes import check_values
from litmlp.engine.folder.sweep_folder import SEED
from litmlp.engine.sweep.launch_checks import as_overrides
from litmlp.errors import UserError, nearest

Job = tuple[str, ...]
"""The overrides of one run."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key whose values are searched.

    Attributes:
        key: as a user types it, ``optimizer.lr`` or ``+note``.
        distribution: of the values; choices are texts, as a user types them.
        condition: the choice under which the key exists, ``optimizer=momentum``.
    """

    key: str
    distribution: BaseDistribution
    condition: str | None = None

    def suggest(self, trial: Trial) -> str:
        """Return the value that the study's sampler chooses."""
        match self.distribution:
            case CategoricalDistribution(choices=choices):
                return str(trial.suggest_categorical(self.key, choices))
            case IntDistribution(low=low, high=high, step=step, log=log):
                return str(trial.suggest_int(self.key, low, high, step=step, log=log))
            case FloatDistribution(low=low, high=high, step=step, log=log):
                return str(trial.suggest_float(self.key, low, high, step=step, log=log))
        raise AssertionError(self.distribution)

    def values(self) -> Sequence[str]:
        """Return all choices; of numbers, the lowest."""
        match self.distribution:
            case CategoricalDistribution(choices=choices):
                return [str(choice) for choice in choices]
            case IntDistribution(low=low) | FloatDistribution(low=low):
                return [str(low)]
        raise AssertionError(self.distribution)


@dataclass(frozen=True, kw_only=True)
class Space:
    """The runs among which a search looks for the best.

    Attributes:
        fixed: overrides of every run.
        axes: the keys to search; a condition comes before the axes that need it.
        repeats: overrides of seeds and folds, with each of which every choice is run;
            ``[()]`` runs it once.
    """

    fixed: Job
    axes: Sequence[Axis]
    repeats: Sequence[Job]

    def fill(self, choose: Callable[[Axis], str]) -> Job:
        """Choose a value for each axis whose condition holds."""
        job = self.fixed
        for axis in self.axes:
            if axis.condition is None or axis.condition in job:
                job = (*job, f"{axis.key}={choose(axis)}")
        return job

    def examples(self) -> Iterator[Job]:
        """Yield a few runs in which every value of the unconditional choices occurs."""
        values = {axis: axis.values() for axis in self.axes}
        for index in range(max(map(len, values.values()), default=1)):
            chosen = {axis: own[index % len(own)] for axis, own in values.items()}
            yield self.fill(chosen.__getitem__)


def read_space(
    typed: Sequence[str],
    params: Mapping[str, object],
    when: Mapping[str, Mapping[str, object]],
    parser: OverridesParser,
) -> Space:
    """Build the space that overrides describe.

    Args:
        typed: overrides on the command line, which win.
        params: values by key.
        when: values by key, by the choice under which they are searched.
        parser: Hydra's parser.

    Raises:
        UserError: values cannot be searched, or a condition never holds.
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
        choices = [f"{axis.key}={value}" for axis in axes for value in axis.values()]
        if condition not in (*fixed, *choices):
            raise UserError(
                f"hydra.sweeper.when: {condition} is not one of the choices. "
                f"{nearest(condition, [*fixed, *choices])}"
            )
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


def parsed(texts: Sequence[str], parser: OverridesParser) -> dict[str, Override]:
    """Parse overrides; returns them by key, where a later one wins."""
    overrides = parser.parse_overrides(list(texts))
    for override in overrides:
        check_values(override)
    return {override.get_key_element(): override for override in overrides}


def distribution(override: Override) -> BaseDistribution:
    """Convert an override to Optuna's values; a fixed value is the only choice."""
    try:
        match override.value():
            case IntervalSweep(
                start=int() | float() as low, end=int() | float() as high, tags=tags
            ):
                return numbers(low, high, None, log="log" in tags)
            case RangeSweep(step=step, tags=tags) as values:
                ends = list(values.range())
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
    """Search whole numbers if both ends are whole, else real numbers."""
    if all(isinstance(value, int) for value in (low, high, step or 1)):
        return IntDistribution(int(low), int(high), step=int(step or 1), log=log)
    return FloatDistribution(float(low), float(high), step=step, log=log)
