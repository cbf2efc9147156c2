"""What many runs came to: python scripts/report.py runs=<folder or pattern>."""

from omegaconf import DictConfig, ListConfig

from litmlp.command_line import run


def main(config: DictConfig) -> None:
    from litmlp.report.write import (
        report_runs,
    )  # takes a second; --help should not wait

    several = isinstance(config.runs, ListConfig)
    patterns = list(config.runs) if several else [config.runs]
    report_runs(patterns, config.output, safe_csv=config.safe_csv)


if __name__ == "__main__":
    run(main, config="report")
