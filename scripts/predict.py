"""Predict rows: python scripts/predict.py run=<folder> input=new.csv output=out.csv."""

from pathlib import Path

from omegaconf import DictConfig

from litmlp.engine.command_line import run


def main(config: DictConfig) -> None:
    # Loading takes seconds, for which --help does not wait.
    from litmlp.engine.predict.predict_file import open_predictor, predict_file

    with open_predictor(Path(str(config.run))) as model:
        predict_file(model, config.input, config.output, keep=config.keep)


if __name__ == "__main__":
    run(main, config="predict")
