"""scripts/report.py: its output, its files, and the mistakes that it refuses."""

import re
import subprocess
import sys
from io import StringIO
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from conftest import ROOT, Run
from made_up import make_run
from rich.console import Console

from litmlp.engine.report import console_report
from litmlp.engine.report.text_tables import TextTable


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two axes, three seeds, one failure and one interruption."""
    folder = tmp_path / "sweep"
    for a, lr, seed in product(("relu", "tanh"), (0.1, 0.01), range(3)):
        value = 1.0 + (a == "tanh") + lr + seed / 100
        results = {
            "metrics": {"loss/val": value, "accuracy/test": 1 / value},
            "baselines": {"linear model": {"accuracy/test": 0.75}},
        }
        overrides = [f"activation={a}", f"optimizer.lr={lr}", f"seed={seed}"]
        make_run(folder / f"{a}-{lr}-{seed}", overrides, value, **results)
    failed = {"status": "failed", "error": "ValueError: <b>no</b>\nTraceback"}
    make_run(folder / "bad", ["activation=relu", "optimizer.lr=-1", "seed=0"], **failed)
    stopped = {"status": "interrupted", "monitor": None}
    overrides = ["activation=relu", "optimizer.lr=0.1", "seed=3"]
    make_run(folder / "stopped", overrides, **stopped)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def page_of(folder: Path) -> str:
    return (folder / "report" / "report.html").read_text()


def test_the_script_leaves_tables_pages_and_pictures(run: Run, sweep: Path) -> None:
    ended = run("report", f"runs={sweep}")
    assert ended.code == 0
    assert ended.err == ""
    report = sweep / "report"
    assert files(report) == [
        "choices.csv",
        "choices.parquet",
        "effects.png",
        "ranking.png",
        "report.html",
        "runs.csv",
        "runs.parquet",
    ]
    links = re.findall(r'<a href="([^"]+)">', page_of(sweep))
    assert {(report / link).resolve() for link in links} == {
        path.parent for path in sweep.glob("*/summary.json")
    }
    runs = pl.read_parquet(report / "runs.parquet")
    assert runs.height == 14
    assert pl.read_csv(report / "runs.csv").shape == runs.shape
    choices = pl.read_parquet(report / "choices.parquet")
    assert choices["optimizer.lr"].to_list()[:4] == [0.01, 0.1, 0.01, 0.1]
    assert choices["best_value mean"][0] == pytest.approx(1.02)
    assert choices["accuracy/test count"].to_list() == [3, 3, 3, 3, 0]
    assert pl.read_csv(report / "choices.csv").shape == choices.shape
    assert (report / "ranking.png").read_bytes().startswith(b"\x89PNG")


def test_console_and_page_say_what_follows(run: Run, sweep: Path) -> None:
    said = run("report", f"runs={sweep}").out
    page = page_of(sweep)
    again = f"{ROOT}/scripts/train.py activation=relu optimizer.lr=0.01"
    for text in (said, page):
        assert again in text
        assert f"{again} seed" not in text, "the luckiest seed is no choice"
        assert "loss/val 1.0200 ± 0.0100 (0.9952 to 1.0448)" in text
        assert "accuracy of linear model 0.7500" in text
        assert "activation 99 %, optimizer.lr 1 %, seed 0 % of" in text
        assert "3 of 4" in text
    assert "ValueError: <b>no</b>" in said
    assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "Traceback" not in page
    assert "14 runs: 12 done, 1" in page
    assert '<img alt="ranking" src="data:image/png;base64,' in page
    assert "://" not in page


def test_problems_are_kept_apart(run: Run, tmp_path: Path) -> None:
    for data, a in product(("iris", "wine"), ("relu", "tanh")):
        value = 1.0 + (data == "wine") + (a == "tanh")
        overrides = [f"data={data}", f"activation={a}"]
        make_run(tmp_path / "s" / f"{data}-{a}", overrides, value)
    ended = run("report", "runs=s", "output=elsewhere")
    assert ended.code == 0
    assert not (tmp_path / "s" / "report").exists()
    choices = pl.read_csv(tmp_path / "elsewhere" / "choices.csv")
    assert choices.filter(pl.col("against best") == "best").height == 2
    page = (tmp_path / "elsewhere" / "report.html").read_text()
    assert page.index("<h2>data=iris") < page.index("<h2>data=wine")
    assert "1-data-iris-ranking.png" in files(tmp_path / "elsewhere")


@pytest.mark.parametrize("status", ["failed", "done"])
def test_runs_that_all_came_to_nothing(status: str, run: Run, tmp_path: Path) -> None:
    monitor = {"monitor": None} if status != "done" else {}
    for lr in (1, 2):
        make_run(tmp_path / "s" / str(lr), [f"lr={lr}"], status=status, **monitor)
    assert run("report", "runs=s").code == 0
    tables = ["report.html", "runs.csv", "runs.parquet"]
    assert files(tmp_path / "s" / "report") == tables
    page = page_of(tmp_path / "s")
    assert "Runs without a result" in page
    assert ("loss/val was never a finite number" in page) == (status == "done")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runs=nowhere"], "runs=nowhere: no such folder"),
        (["runs=empty"], "runs=empty holds no run"),
        (["runs=good", "output=file"], "output=file cannot be written"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], words: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    make_run(tmp_path / "good", [], 1.0)
    ended = run("report", *arguments)
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith("error: ")
    assert words in line


def test_the_console_shows_the_first_of_many_and_names_a_broken_run(
    run: Run, tmp_path: Path
) -> None:
    for number in range(console_report.MOST_ROWS + 5):
        make_run(tmp_path / "s" / f"{number:02}", [f"a={number}"], float(number))
    (make_run(tmp_path / "s" / "broken", [], 1.0) / "summary.json").write_text("{")
    said, page = run("report", "runs=s").out, page_of(tmp_path / "s")
    assert "… and 5 more in the report" in said
    assert '<td class="text">24</td><td class="text">done</td>' in page
    assert "skipped      " in said
    assert "broken/summary.json is broken" in page


def test_it_starts_without_torch(tmp_path: Path) -> None:
    make_run(tmp_path / "one", ["seed=1"], 1.0)
    code = (
        "import sys\n"
        "from litmlp.engine.report.make_report import report_runs\n"
        f"report_runs([{str(tmp_path)!r}])\n"
        "loaded = {'torch', 'lightning', 'sklearn'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)


def test_what_led_to_no_result_is_not_weighed(run: Run, tmp_path: Path) -> None:
    for a, lr in product(("relu", "tanh"), ("0.1", "1e30", "-1")):
        overrides = [f"activation={a}", f"optimizer.lr={lr}"]
        failed = {"status": "failed", "error": "no"} if lr == "-1" else {}
        value = 1.0 + (a == "tanh") if lr == "0.1" else None
        make_run(tmp_path / f"{a}{lr}", overrides, value, **failed)
    said = run("report", f"runs={tmp_path}").out
    page = page_of(tmp_path)
    assert "2 diverged" in page.split("<h2>")[0]
    assert '<tr><td class="text">optimizer.lr<' not in page  # no row of an axis
    assert "mattered" not in said  # no level of an activation has two results
    assert said.count("diverged") == 4  # in the table of runs, and with the error


def test_a_narrow_terminal_shows_the_words_that_vary_in_one_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [["relu", "adam", "digits", "0.1"], ["tanh", "adam", "(default)", "0.2"]]
    names = ["activation", "optimizer", "experiment", "loss/val"]
    for width, columns in ((80, names), (40, ["choices", "loss/val"])):
        shown = StringIO()
        terminal = Console(file=shown, width=width)
        monkeypatch.setattr(console_report, "console", terminal)
        console_report.show_table(TextTable(names, rows, left=3), most=2)
        lines = [line.split() for line in shown.getvalue().splitlines()]
        assert columns in lines
    assert ["activation=relu", "0.1"] in lines
    assert ["experiment=digits"] in lines
    assert ["activation=tanh", "0.2"] in lines
    assert "adam" not in str(lines)
