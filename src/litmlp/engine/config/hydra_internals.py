"""Everything of Hydra's that is private and that this project leans on.

``tests/engine/config/test_hydra_internals.py`` names what broke when Hydra changes.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import hydra._internal.hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig

from litmlp.engine.config.command_mistakes import (
    Cures,
    check_values,
    chosen,
    of_a_part,
    of_grammar,
    refused,
)
from litmlp.engine.config.hydra_allowlist import check_hydra_section
from litmlp.errors import UserError


def check_flags(arguments: Sequence[str]) -> None:
    """Check that all arguments that begin with two dashes are flags of Hydra.

    Raises:
        UserError: ``--multirn``, or a setting with dashes, such as ``--lr=0.1``.
    """
    known = [f for f in get_args_parser()._option_string_actions if f.startswith("--")]
    for argument in arguments:
        flag, equals, value = argument.partition("=")
        if not flag.startswith("--") or any(name.startswith(flag) for name in known):
            continue
        if close := get_close_matches(flag, known, n=1, cutoff=0.8 if equals else 0.75):
            raise UserError(f"{flag}: no such flag. Did you mean {close[0]}?")
        setting = f"{flag[2:]}={value if equals else '…'}"
        raise UserError(f"{flag}: no such flag; a setting has no dashes: {setting}")


class CheckedLoader(ConfigLoaderImpl):
    """Composes as Hydra does, and refuses a ``hydra:`` section that names code.

    Hydra composes the config of a sweep without the choices that vary. Such a config
    leaves out the values that only one of these choices has, ``scheduler.gamma=0.5``
    beside ``scheduler=step,multistep``; the configs of the runs have them.
    """

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        *arguments: Any,
        **options: Any,
    ) -> DictConfig:
        load = partial(super().load_configuration, config_name)
        kept = list(overrides)
        while True:
            try:
                config = load(kept, run_mode, *arguments, **options)
                break
            except OverrideParseException as error:
                raise UserError(of_grammar(error.override, error)) from error
            except (HydraException, ValueError) as error:
                parsed, repository = self._parse_overrides_and_create_caching_repo(
                    config_name, kept
                )
                culprit = refused(error, parsed, repository)
                if run_mode == RunMode.MULTIRUN and of_a_part(culprit, repository):
                    kept.remove(str(culprit and culprit.input_line))
                    continue
                choices = chosen(parsed, repository, but=culprit)
                line = Cures(repository, load(choices, RunMode.RUN)).of(error, culprit)
                if line is None:
                    raise
                raise UserError(line) from error
        if kept != overrides:
            own = [*config.hydra.overrides.hydra]
            config.hydra.overrides.task = [o for o in overrides if o not in own]
        check_hydra_section(config.hydra)
        if "root" in config.hydra.job_logging and config.hydra.job_logging.root is None:
            # Of hydra/job_logging=none: the handlers of the launcher's log would stay.
            config.hydra.job_logging.root = {"handlers": []}
        return config


def use_checked_loader() -> None:
    """Let Hydra compose with :class:`CheckedLoader`.

    Hydra builds the objects of ``hydra.callbacks`` and ``hydra.job_logging`` right
    after it has composed them. It has no public place to check them before.
    """
    hydra._internal.hydra.ConfigLoaderImpl = CheckedLoader  # type: ignore[attr-defined]  # Hydra imports it for itself


def every_combination(overrides: list[Override]) -> list[list[str]]:
    """List the runs of a sweep: the same texts as Hydra's own sweeper makes of it.

    Raises:
        UserError: an override that varies has no value.
    """
    for each in overrides:
        check_values(each)
    (runs,) = BasicSweeper.split_arguments(overrides, max_batch_size=None)
    return runs


def overrides_dirname(overrides: list[Override], config: DictConfig) -> str:
    """Name a run by its overrides: ``hydra.job.override_dirname``, with its settings.

    Hydra notes it where it composes, which the configs of a sweep do only once.
    """
    return get_overrides_dirname(
        overrides,
        exclude_keys=list(config.exclude_keys),
        item_sep=config.item_sep,
        kv_sep=config.kv_sep,
    )
