"""Train one run, or many with -m: python scripts/train.py data=wine optimizer=sgd."""

from omegaconf import DictConfig

from litmlp.engine.command_line import run


def main(config: DictConfig) -> float:
    # Loading takes seconds, for which --help does not wait.
    from litmlp.engine.run.train import train

    return train(config)


if __name__ == "__main__":
    run(main, config="train")
