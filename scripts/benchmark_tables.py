"""How well models predict tables: python scripts/benchmark_tables.py FOLDER.

FOLDER holds pairs of files, <name>_train.csv and <name>_test.csv (or .csv.gz, or
.parquet); `bundled` takes data sets of scikit-learn. Each training is a process of its
own, and its seconds count all from the start of Python to the predictions. The results
are appended to a file, so that the same command goes on after an interruption.
The error is 1 − accuracy or RMSE; one without a mistake counts half of a test row.
"""

import json
import os
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import benchmark_models
import polars as pl
from benchmark_models import MODELS, Job, is_installed
from benchmark_standings import compare, draw, show_all, show_table
from sklearn import datasets
from sklearn.model_selection import train_test_split

from litmlp.data.table import TableData
from litmlp.engine.figures.style import save
from litmlp.engine.terminal.console import console, shortest
from litmlp.engine.terminal.wording import number
from litmlp.errors import UserError

BUNDLED = ("wine", "breast_cancer", "digits", "diabetes")
RESULT = {"score": float, "log_loss": float, "rows": int, "seconds": float}
SCHEMA = pl.Schema(Job.__annotations__ | RESULT)


def write_bundled(folder: Path) -> Path:
    """Write the bundled data sets as files, with one fixed split."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in BUNDLED:
        bunch = getattr(datasets, f"load_{name}")()
        rows = pl.DataFrame(bunch.data).with_columns(target=bunch.target)
        classes = bunch.target if "target_names" in bunch else None
        parts = train_test_split(rows, test_size=0.2, random_state=0, stratify=classes)
        for part, split in zip(("train", "test"), parts, strict=True):
            split.write_csv(folder / f"{name}_{part}.csv")
    return folder


def find_tables(folder: Path) -> dict[str, tuple[str, str]]:
    """Return the files of training and test rows by the name of their table."""
    found = {}
    for train in sorted(folder.glob("*_train.*")):
        name, _, ending = train.name.rpartition("_train.")
        test = train.with_name(f"{name}_test.{ending}")
        if test.is_file():
            found[name] = str(train.absolute()), str(test.absolute())
    return found


def plan(arguments: Namespace, models: Sequence[str]) -> Iterator[list[Job]]:
    """Yield the trainings of each table."""
    for name, (train, test) in arguments.files.items():
        inferred = TableData(path=train, target=arguments.target).infer_task()
        task = "regression" if name in arguments.regression else inferred
        console.print(f"{name}: {task}{' as asked' * (task != inferred)}")
        yield [
            Job(
                *(name, train, test, arguments.target, task, model),
                *(arguments.recipe, seed, arguments.threads),
            )
            for seed in range(arguments.seeds)
            for model in models
        ]


def run_job(job: Job, results: Path) -> None:
    """Train in a process of its own, append the result to a file, and show it."""
    command = [sys.executable, benchmark_models.__file__, json.dumps(job._asdict())]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS"), str(job.threads))
    label = f"{job.table}, {job.model}, seed {job.seed}"
    start = time.perf_counter()
    with console.status(label):
        ended = subprocess.run(
            command, env=os.environ | threads, capture_output=True, text=True
        )
    seconds = time.perf_counter() - start
    if ended.returncode:
        reason = (ended.stderr.strip() or str(ended.returncode)).splitlines()[-1]
        console.print(f"{label}: failed: {reason}")
        return
    found = json.loads(ended.stdout.splitlines()[-1])
    row = pl.DataFrame([(*job, *found, seconds)], schema=SCHEMA, orient="row")
    with results.open("ab") as file:
        row.write_csv(file, include_header=file.tell() == 0)
    console.print(f"{label}: {number(found[0])} in {seconds:.1f} s")


def read_results(path: Path, jobs: Sequence[Job]) -> pl.DataFrame:
    """Read the results of jobs that have ended."""
    if not path.exists():
        return pl.DataFrame(schema=SCHEMA)
    wanted = pl.DataFrame(jobs, schema=Job.__annotations__, orient="row")
    return pl.read_csv(path, schema=SCHEMA).join(wanted, on=Job._fields, how="semi")


def names_in(text: str, known: Iterable[str], parser: ArgumentParser) -> list[str]:
    """Return the names of an option such as a,b, all of which must be known."""
    names = [name for name in text.split(",") if name]
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no such name: {', '.join(unknown)}; known: {', '.join(known)}")
    return names


def read_arguments(arguments: Sequence[str] | None) -> Namespace:
    """Read the command line; the tables and models that it names must exist."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="of tables; or: bundled")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--tables", default="", help="a,b; all by default")
    parser.add_argument("--regression", default="", help="a,b: targets are no classes")
    parser.add_argument("--target", default="target", help="column to predict")
    parser.add_argument("--recipe", default="table", help="an option of experiment")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("logs/benchmark_tables"))
    found = parser.parse_args(arguments)
    is_bundled = found.folder == "bundled"
    folder = write_bundled(found.output / "data") if is_bundled else Path(found.folder)
    files = find_tables(folder)
    if not files:
        parser.error(f"{folder} has no <name>_train.csv beside a <name>_test.csv")
    found.models = names_in(found.models, MODELS, parser)
    found.regression = names_in(found.regression, files, parser)
    chosen = names_in(found.tables, files, parser) or files
    found.files = {name: files[name] for name in chosen}
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    found = read_arguments(arguments)
    models = [model for model in found.models if is_installed(model)]
    if missing := [model for model in found.models if model not in models]:
        console.print(f"not installed, and left out: {', '.join(missing)}")
    found.output.mkdir(parents=True, exist_ok=True)
    path, planned = found.output / "results.csv", []
    for jobs in plan(found, models):
        done = {*read_results(path, jobs).select(Job._fields).rows()}
        for job in jobs:
            if job not in done:
                run_job(job, path)
        planned += jobs
        if len(results := read_results(path, jobs)):
            console.print(show_table(jobs[0].table, compare(results)))
    if not len(results := read_results(path, planned)):
        sys.exit("no training has succeeded")
    console.print(show_all(standings := compare(results)))
    picture = found.output / "benchmark_tables.png"
    save(draw(standings), picture)
    console.print(f"{shortest(path)}, {shortest(picture)}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
