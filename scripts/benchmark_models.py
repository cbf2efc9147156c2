"""The models of benchmark_tables.py; as a script, the process that trains one of them.

The libraries have their defaults, and get text columns as categories of their own kind.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

import litmlp
from litmlp.data.tables.missing_words import without_missing
from litmlp.data.tables.read import open_source, read_table

Libraries = dict[str, tuple[str, str, str, dict[str, Any]]]
TREES: Libraries = {  # module, class without its ending, option of threads, others
    "lightgbm": ("lightgbm", "LGBM", "n_jobs", {"verbose": -1}),
    "xgboost": ("xgboost", "XGB", "n_jobs", {"enable_categorical": True}),
    "catboost": ("catboost", "CatBoost", "thread_count", {"verbose": False}),
}
LIBRARIES: Libraries = TREES | {
    "realmlp": ("pytabkit", "RealMLP_TD_", "n_threads", {"device": "cpu"}),
}
LITMLP = ("default", "recipe")
MODELS = (*LITMLP, *TREES, "sklearn", "realmlp")
MISSING = "missing"
"""A category, since scikit-learn and CatBoost take no other missing text."""


class Job(NamedTuple):
    """One training, which is one row of the results."""

    table: str
    train: str
    test: str
    target: str
    task: str
    model: str
    recipe: str
    seed: int
    threads: int


class Problem(NamedTuple):
    """A table: numbers are floats, and text has no missing values.

    Attributes:
        test: features of the test rows.
        targets: class indices, or numbers, of the training rows.
        truth: the same of the test rows; −1 is a class without training rows.
        classes: their number; 0 for a regression.
    """

    train: pl.DataFrame
    test: pl.DataFrame
    targets: NDArray[Any]
    truth: NDArray[Any]
    classes: int

    @property
    def text(self) -> list[str]:
        """Names of the columns of text."""
        return [name for name, kind in self.train.schema.items() if kind == pl.String]


def is_installed(model: str) -> bool:
    return model not in LIBRARIES or find_spec(LIBRARIES[model][0]) is not None


def read(path: str) -> pl.DataFrame:
    """Read a table as text."""
    table = read_table(open_source(path)).cast(pl.String)
    return table.with_columns(without_missing(column) for column in table)


def as_numbers(values: pl.Series, training: pl.Series) -> pl.Series:
    """Return a column as floats if all training values are numbers."""
    numbers = training.cast(pl.Float64, strict=False)
    if numbers.null_count() > training.null_count():
        return values
    return values.cast(pl.Float64, strict=False)


def read_problem(job: Job) -> Problem:
    """Read both files of a job."""
    training, held_out = read(job.train), read(job.test)
    train, test = (
        pl.DataFrame(as_numbers(file[column.name], column) for column in training)
        for file in (training, held_out)
    )
    targets, truth = train.drop_in_place(job.target), test.drop_in_place(job.target)
    classes = [] if job.task == "regression" else targets.unique().sort().to_list()
    if classes:
        numbers = {name: index for index, name in enumerate(classes)}
        targets = targets.replace_strict(numbers)
        truth = truth.replace_strict(numbers, default=-1)
    # LightGBM and XGBoost refuse names with brackets.
    names = {name: f"x{i}" for i, name in enumerate(train.columns)}
    known = pl.col(pl.String).fill_null(MISSING)
    return Problem(
        train.rename(names).with_columns(known),
        test.rename(names).with_columns(known),
        targets.to_numpy(),
        truth.to_numpy(),
        len(classes),
    )


def train_litmlp(job: Job, problem: Problem) -> NDArray[Any]:
    """Train as a user does, and predict the file of the test rows."""
    recipe = [f"experiment={job.recipe}"] if job.model == "recipe" else []
    with tempfile.TemporaryDirectory() as folder:
        run = litmlp.train(
            [
                *recipe,
                "data=table",
                f"data.path='{job.train}'",
                f"data.test_path='{job.test}'",
                f"data.target='{job.target}'",
                f"task={job.task}",
                f"seed={job.seed}",
                f"num_threads={job.threads}",
                f"hydra.run.dir='{folder}/run'",
            ]
        )
        model = litmlp.load(run.folder)
        predict = model.predict_proba if problem.classes else model.predict
        return np.asarray(predict(read(job.test).drop(job.target)))


def build_sklearn(job: Job, problem: Problem) -> Any:
    """Build scikit-learn's MLP with the preprocessing that it needs."""
    from sklearn import compose, impute, neural_network, pipeline, preprocessing

    numbers = [name for name in problem.train.columns if name not in problem.text]
    scaled = pipeline.make_pipeline(
        impute.SimpleImputer(), preprocessing.StandardScaler()
    )
    one_hot = preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    features = compose.make_column_transformer(
        (scaled, numbers), (one_hot, problem.text)
    )
    if problem.classes:
        network = neural_network.MLPClassifier(random_state=job.seed)
    else:
        network = compose.TransformedTargetRegressor(
            neural_network.MLPRegressor(random_state=job.seed),
            transformer=preprocessing.StandardScaler(),
        )
    return pipeline.make_pipeline(features, network)


def build_library(job: Job, problem: Problem) -> Any:
    """Build a model of one of the other libraries."""
    module, name, threads, options = LIBRARIES[job.model]
    if job.model == "catboost":
        options = options | {"cat_features": problem.text, "allow_writing_files": False}
    ending = "Classifier" if problem.classes else "Regressor"
    return getattr(import_module(module), name + ending)(
        random_state=job.seed, **{threads: job.threads}, **options
    )


def as_pandas(table: pl.DataFrame, problem: Problem, model: str) -> Any:
    """Return a table for a library: CatBoost finds the categories of text itself."""
    pandas = import_module("pandas")

    def column(values: pl.Series) -> Any:
        if values.dtype != pl.String or model == "catboost":
            return values.to_numpy()
        categories = problem.train[values.name].unique().sort().to_list()
        return pandas.Categorical(values.to_list(), categories=categories)

    return pandas.DataFrame({values.name: column(values) for values in table})


def predict(job: Job, problem: Problem) -> NDArray[Any]:
    """Return probabilities [rows, classes], or values [rows], of the test rows."""
    if job.model in LITMLP:
        return train_litmlp(job, problem)
    train, test = problem.train, problem.test
    if job.model in LIBRARIES:
        model = build_library(job, problem)
        train, test = (as_pandas(each, problem, job.model) for each in (train, test))
    else:
        model = build_sklearn(job, problem)
    model.fit(train, problem.targets)
    found = model.predict_proba(test) if problem.classes else model.predict(test)
    return np.asarray(found)


def score(problem: Problem, found: NDArray[Any]) -> tuple[float, float | None, int]:
    """Return accuracy and log loss, or RMSE and None, and the number of test rows."""
    truth, rows = problem.truth, len(problem.truth)
    if not problem.classes:
        return float(np.sqrt(np.mean((found - truth) ** 2))), None, rows
    true = np.where(truth < 0, 0.0, found[np.arange(rows), truth])
    least = np.finfo(np.float32).eps  # a probability of 0 that is wrong costs this
    log_loss = -np.log(np.clip(true, least, 1)).mean()
    return float((found.argmax(axis=1) == truth).mean()), float(log_loss), rows


def main(arguments: Sequence[str]) -> None:
    job = Job(**json.loads(arguments[0]))
    try:
        problem = read_problem(job)
        print(json.dumps(score(problem, predict(job, problem))))
    except Exception as error:  # of a library or the table: the others go on
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))


if __name__ == "__main__":
    main(sys.argv[1:])
