"""Measure a run again: python scripts/evaluate.py run=<folder> [input=labelled.csv]."""

from pathlib import Path

from omegaconf import DictConfig

from litmlp.command_line import run


def main(config: DictConfig) -> None:
    # takes seconds; --help should not wait
    if config.input is None:
        from litmlp.evaluation import evaluate

        evaluate(Path(str(config.run)))
    else:
        from litmlp.labelled import evaluate_file
        from litmlp.trained import trained

        with trained(Path(str(config.run))) as model:
            evaluate_file(model, config.input, safe_csv=config.safe_csv)


if __name__ == "__main__":
    run(main, config="evaluate")
