"""Measure a run again from its folder: python scripts/evaluate.py run=<folder>."""

from pathlib import Path

from omegaconf import DictConfig

from litmlp.command_line import run


def main(config: DictConfig) -> None:
    from litmlp.evaluation import evaluate  # takes seconds; --help should not wait

    evaluate(Path(config.run))


if __name__ == "__main__":
    run(main, config="evaluate")
