"""A check of a command before it trains: one batch, of which no file is left."""

import io
import json
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from omegaconf import DictConfig, open_dict

from litmlp.engine.python_api.launch import launch_run
from litmlp.engine.run.train import train
from litmlp.engine.terminal.mistakes import describe, fail


def check_command(overrides: Sequence[str], *, as_json: bool, full: bool) -> NoReturn:
    """Check the overrides of ``litmlp train``, say the result, and end the process.

    As JSON, the result is one object: ``ok``, and ``error`` or facts of the run.
    """
    try:
        facts = check(overrides)
    except Exception as error:
        if not as_json:
            fail(error, full)
        print(json.dumps({"ok": False, "error": describe(error)}))
        sys.exit(1)
    count, seconds = facts["parameters"], facts["seconds"]
    line = f"check        all right: {count:,} parameters, one batch in {seconds:.1f} s"
    print(json.dumps({"ok": True} | facts) if as_json else line)
    sys.exit(0)


def check(overrides: Sequence[str]) -> dict[str, Any]:
    """Train, validate and test one batch in a temporary folder; return its facts.

    Raises:
        UserError: a mistake in the overrides, the config or the data.
    """
    start = time.perf_counter()
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        redirect_stdout(io.StringIO()),  # it would name a folder that is gone
    ):
        run = launch_run([*overrides, f"hydra.run.dir={folder}"], train_one_batch)
    summary = run.summary
    return {
        "parameters": summary["parameters"],
        "metrics": list(summary["metrics"]),
        "data": summary["data"],
        "versions": summary["versions"],
        "seconds": round(time.perf_counter() - start, 2),
    }


def train_one_batch(config: DictConfig) -> float:
    """Train a config on one batch, without loggers, which may write elsewhere."""
    with open_dict(config):
        config.logger, config.trainer.fast_dev_run = {}, True
    return train(config)
