"""Report runs: python scripts/report.py runs=<folder>, or compare=[a,b]."""

from omegaconf import DictConfig, ListConfig

from litmlp.engine.command_line import run
from litmlp.errors import UserError


def main(config: DictConfig) -> None:
    # Loading takes seconds, for which --help does not wait.
    from litmlp.engine.report.compare_runs import compare_runs
    from litmlp.engine.report.write import report_runs

    if config.compare is not None:
        return compare_runs(list(config.compare))
    if config.runs is None:
        raise UserError("runs is needed: give runs=…, or compare=[a,b]")
    several = isinstance(config.runs, ListConfig)
    patterns = list(config.runs) if several else [config.runs]
    report_runs(patterns, config.output)


if __name__ == "__main__":
    run(main, config="report")
