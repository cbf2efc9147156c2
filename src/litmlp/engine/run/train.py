"""The story of one run: from its config to its record."""

from pathlib import Path

from omegaconf import DictConfig

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data
from litmlp.engine.config.complete_config import complete
from litmlp.engine.config.launch_command import this_command
from litmlp.engine.config.run_settings import run_settings, seed_of
from litmlp.engine.folder import run_folder, saved_config
from litmlp.engine.folder.checkpoints import Resumable
from litmlp.engine.process import signals
from litmlp.engine.process.process_settings import seed_torch
from litmlp.engine.run import resume
from litmlp.engine.run.model_card import write_card
from litmlp.engine.run.prepare import Run, build_run
from litmlp.engine.run.record import (
    best_value,
    load_best,
    open_loggers,
    record,
    record_data,
)
from litmlp.engine.run.resume_point import StartingPoint
from litmlp.engine.run.run_messages import announce, say_result
from litmlp.engine.run.split_metrics import measure_run
from litmlp.engine.terminal.console import only_logged, show


def train(config: DictConfig, data: Data | None = None) -> float:
    """Train, test and record one run; return the best value of the monitored metric.

    Args:
        config: composed from ``conf/train.yaml``; ``config.folder`` says where the run
            leaves its files.
        data: a table in memory; by default, the data that the config describes.

    Raises:
        UserError: a mistake in the config or the data, before any training.
    """
    if config.get("resume") is not None:
        config = resume.config_to_resume(config)
    command = this_command()
    folder = Path(config.folder)
    if resume.is_finished(folder, config):
        show(f"{folder} holds a finished run of this config: nothing to do")
        return best_value(run_folder.read_summary(folder), config.mode)
    start = StartingPoint(folder, config)
    with (
        signals.interrupt_on_signal(),
        run_folder.recording(
            folder,
            config,
            command.overrides,
            keep_mistakes=command.in_sweep,
            earlier=start.read,
        ) as summary,
        run_settings(config),
        only_logged(command.in_sweep),
        start.blame(),
    ):
        if config.get("resume") is None:
            saved_config.write_launch(folder, config)
        config.resume = None
        config = complete(config)
        data = data or build_data(config)
        run = build_run(config, folder, data, start.point)
        saved_config.write_config(folder, run.config)
        record_data(run, summary)
        with open_loggers(run.trainer):
            announce(run, start.point)
            fit(run, start.point)
            last = load_best(run)
            metrics = measure_run(run)
            summary |= record(run, last, metrics)
            write_card(run, summary)
        say_result(folder, summary)
    return best_value(summary, config.mode)


def fit(run: Run, point: Resumable | None) -> None:
    """Train a run, from its start or on from a checkpoint."""
    seed_torch(seed_of(run.config, "dropout"))
    path = point.path if point else None
    with signals.defer_interrupts():
        run.trainer.fit(run.model, datamodule=run.data, ckpt_path=path)
