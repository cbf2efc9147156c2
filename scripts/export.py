"""Export a run as one file: python scripts/export.py run=<folder> format=onnx."""

from pathlib import Path

from omegaconf import DictConfig

from litmlp.engine.command_line import run


def main(config: DictConfig) -> None:
    # Loading takes seconds, for which --help does not wait.
    from litmlp.engine.predict.export import export

    export(Path(str(config.run)), format=config.format, output=config.output)


if __name__ == "__main__":
    run(main, config="export")
