"""The folder of a run: its summary, its config, and how both are read again."""

import hashlib
import json
import math
import shlex
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf

from litmlp.engine.folder.atomic_files import (
    leave_disk_errors_to_main_thread,
    replace,
)
from litmlp.engine.folder.lock import is_held, lock_folder
from litmlp.engine.folder.provenance import git_commit, versions
from litmlp.engine.folder.untrusted_folder import blame_folder, check_links
from litmlp.engine.terminal.console import shortest, show
from litmlp.engine.terminal.mistakes import as_mistake
from litmlp.engine.terminal.wording import command_words
from litmlp.errors import UserError

NOT_HASHED = frozenset(
    {"folder", "hydra", "lesson", "logger", "name", "resume", "safe_csv", "sweep"}
)
"""Keys of a config that do not change what a run computes.

Configs of earlier versions may hold ``safe_csv``, which nothing reads any more.
"""

INTERVALS = ("every_seconds", "every_iterations", "every_epochs")
"""Keys of ``callbacks.checkpoint`` that do not change what a run computes either."""

CARD = "model_card.md"

LEFT = (
    "summary.json",
    CARD,
    "train.log",
    "events.out.tfevents.*",
    "metrics.csv",
    "predictions.csv",
    "diverged.pt",
    "checkpoints/*",
    "figures/**/*.png",
    ".hydra/*.yaml",
)
"""Patterns of the files that a run leaves in its folder."""

Baseline = Literal["majority class", "mean", "linear model"]
"""Simple models whose test metrics a summary has beside those of the run."""

LATEST = "latest"
"""Name of the newest run."""

Summary = dict[str, Any]


def config_hash(config: DictConfig) -> str:
    """Return 64 hexadecimal digits, the same for configs that describe the same run."""
    content = OmegaConf.to_container(config, resolve=False)
    assert isinstance(content, dict)
    relevant: Any = {key: content[key] for key in content if key not in NOT_HASHED}
    with suppress(KeyError, TypeError):  # a user's config may write no checkpoint
        written = relevant["callbacks"]["checkpoint"]
        relevant["callbacks"]["checkpoint"] = {
            key: written[key] for key in written if key not in INTERVALS
        }
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


@contextmanager
def recording(
    folder: Path,
    config: DictConfig,
    overrides: list[str],
    *,
    keep_mistakes: bool = True,
    earlier: Callable[[], Summary] = dict,
) -> Iterator[Summary]:
    """Keep ``summary.json`` true while a run trains; the caller adds its results.

    The status is ``running`` until the block ends, then ``done``, ``failed`` (with the
    error) or ``interrupted``. The folder's lock is held meanwhile. A finished run that
    cannot go on, since a mistake comes before any training, keeps its summary.

    Args:
        folder: of the run.
        config: as it was launched.
        overrides: as they were typed.
        keep_mistakes: whether a new folder stays if a user's mistake ends the run
            before any training; the folder of a run of a sweep does.
        earlier: called with the lock held; returns the part of an earlier summary that
            stays when a run is resumed, or raises.

    Raises:
        UserError: another process holds the folder, or the block ended in a mistake.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new = not any((folder / name).exists() for name in ("summary.json", "checkpoints"))
    with ExitStack() as afterwards, lock_folder(folder):
        finished = read_summary(folder) if is_done(folder) else None
        kept = earlier()
        summary = first_summary(config, overrides) | kept
        write_summary(folder, summary)
        try:
            with ending_recorded(folder, summary), leave_disk_errors_to_main_thread():
                yield summary
        except UserError:
            if new and not keep_mistakes and not (folder / "checkpoints").exists():
                afterwards.callback(discard, folder)  # once the lock's file is gone
            elif finished and summary.get("data") is kept.get("data"):  # not built yet
                write_summary(folder, finished)
            raise


def first_summary(config: DictConfig, overrides: list[str]) -> Summary:
    """Return the summary of a run that begins now."""
    return {
        "status": "running",
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "config_hash": config_hash(config),
        "overrides": overrides,
        "versions": versions(),
        "git_commit": git_commit(),
    }


@contextmanager
def ending_recorded(folder: Path, summary: Summary) -> Iterator[None]:
    """Record in a summary how the block ends, and how long it took."""
    start = time.perf_counter()
    try:
        yield
        summary["status"] = "done"
    except (KeyboardInterrupt, SystemExit) as error:
        summary["status"] = "interrupted"
        show(f"interrupted: what has been trained is in {shortest(folder)}")
        if (folder / ".hydra" / "overrides.yaml").is_file():
            again = [*command_words("train"), f"resume={shortest(folder)}"]
            show(f"go on with   {shlex.join(again)}")
        raise KeyboardInterrupt from error  # Lightning makes it a plain exit
    except BaseException as error:
        mistake = as_mistake(error)
        summary["status"] = "failed"
        summary["error"] = f"{type(mistake).__name__}: {mistake}"
        summary["traceback"] = traceback.format_exc()
        if mistake is error:
            raise
        raise mistake from error
    finally:
        seconds = summary.get("wall_seconds", time.perf_counter() - start)
        summary["wall_seconds"] = round(seconds, 3)
        write_summary(folder, summary)


def write_summary(folder: Path, summary: Summary) -> None:
    """Replace ``summary.json`` as a whole."""
    write_json(folder / "summary.json", summary)


def read_summary(folder: Path) -> Summary:
    """Read ``summary.json`` of a run; ``running`` without its lock is ``interrupted``.

    Raises:
        UserError: the folder holds no run, or its summary cannot be read.
    """
    path = folder / "summary.json"
    if not path.is_file():
        raise UserError(f"{folder} holds no run: it has no summary.json")
    try:
        summary: Summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is broken: {error}") from error
    if not isinstance(summary, dict) or "status" not in summary:
        raise UserError(f"{path} is broken: it has no status")
    if summary["status"] == "running" and not is_held(folder):
        summary["status"] = "interrupted"
    return summary


def is_done(folder: Path) -> bool:
    """Return whether a folder holds a finished run, which nothing may overwrite."""
    return (folder / "summary.json").is_file() and (
        read_summary(folder)["status"] == "done"
    )


def named_run(name: str) -> Path:
    """Return the folder of ``run=``: as given, or that of the newest finished run."""
    if name != LATEST:
        return Path(name).expanduser()
    runs = sorted(Path("logs").glob("*/runs/*"), key=lambda folder: folder.name)
    for folder in reversed(runs):
        if is_done(folder):
            show(f"run          {folder}")
            return folder
    raise UserError(f"run={LATEST}: no finished run in logs/<name>/runs")


def has_diverged(folder: Path) -> bool:
    """Return whether the loss of a finished run became infinite or NaN."""
    summary = read_summary(folder)
    never_finite = summary.get("best_value") is None and summary.get("epochs", 0) > 0
    return bool(summary.get("diverged")) or never_finite


def check_free(folder: Path) -> None:
    """Check that a run may be trained into a folder."""
    if is_done(folder):
        raise UserError(f"{folder} holds a finished run, which is never overwritten")
    if is_held(folder):
        raise UserError(f"{folder} is in use by another process")


def read_config(folder: Path) -> DictConfig:
    """Read the config of a run; its ``folder`` becomes the place where it is now."""
    path = folder / ".hydra" / "config.yaml"
    if any(folder.glob("*/summary.json")):
        raise UserError(
            f"run={folder} is a sweep: give the folder of one of its runs. "
            "ensemble=seeds trains networks that predict together"
        )
    if not path.is_file():
        raise UserError(f"run={folder} holds no run: it has no .hydra/config.yaml")
    check_links(folder)
    with blame_folder(folder):
        config = OmegaConf.load(path)
        if not isinstance(config, DictConfig):
            raise UserError(f"{path} is broken: it is no config")
    config.folder = str(folder)
    return config


def discard(folder: Path) -> None:
    """Remove the files that a run has left, and no others."""
    for pattern in LEFT:
        for path in folder.glob(pattern):
            path.unlink()
    for path in [*sorted(folder.rglob("*"), reverse=True), folder]:
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def write_json(path: Path, content: Any) -> None:
    """Replace a file as a whole; numbers that are not finite become null."""
    text = json.dumps(finite(content), indent=2, ensure_ascii=False)
    replace(path, lambda partial: partial.write_text(f"{text}\n", encoding="utf-8"))


def finite(value: Any) -> Any:
    """Replace numbers that are not finite by None, since JSON has none of them."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
