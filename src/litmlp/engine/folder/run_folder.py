"""A run's folder: what it is called, what it records, how it is read again."""

import hashlib
import json
import math
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from litmlp.engine.folder.atomic_files import (
    leave_disk_errors_to_main_thread,
    replace,
)
from litmlp.engine.folder.lock import is_held, lock_folder
from litmlp.engine.folder.provenance import git_commit, versions
from litmlp.engine.folder.untrusted import blame_folder, refuse_ways_out
from litmlp.engine.terminal.console import shortest, show
from litmlp.engine.terminal.mistakes import as_mistake
from litmlp.errors import UserError

NOT_HASHED = frozenset(
    {"folder", "hydra", "lesson", "logger", "name", "resume", "safe_csv", "sweep"}
)
"""Keys of a config that do not change what a run computes.

Configs of earlier versions may hold ``safe_csv``, which nothing reads any more.
"""

INTERVALS = ("every_seconds", "every_iterations", "every_epochs")
"""Of ``callbacks.checkpoint``: when it writes changes no result either."""

LEFT = (
    "summary.json",
    "train.log",
    "events.out.tfevents.*",
    "metrics.csv",
    "predictions.csv",
    "checkpoints/*",
    "figures/**/*.png",
    ".hydra/*.yaml",
)
"""What a run leaves in its folder, as patterns."""

Summary = dict[str, Any]


def config_hash(config: DictConfig) -> str:
    """64 hexadecimal digits that two configs share if they describe the same run."""
    content = OmegaConf.to_container(config, resolve=False)
    assert isinstance(content, dict)
    relevant: Any = {key: content[key] for key in content if key not in NOT_HASHED}
    with suppress(KeyError, TypeError):  # a config of one's own may write none
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
    """Keeps ``summary.json`` true while a run goes on; the caller adds its results.

    The status is ``running`` until the block ends, then ``done``, ``failed`` (with the
    error) or ``interrupted``. A lock on the folder is held meanwhile.

    Args:
        folder: of the run.
        config: as it was launched.
        overrides: as they were typed.
        keep_mistakes: whether a new folder stays when the user's mistake came before
            any training, as a sweep's members do.
        earlier: tells what stays as it was recorded of a run that goes on, or refuses;
            asked when no other process can write to the folder any more.

    Raises:
        UserError: another process holds the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new = not any((folder / name).exists() for name in ("summary.json", "checkpoints"))
    mistaken = False
    with ExitStack() as taken:
        taken.enter_context(lock_folder(folder))
        kept = earlier()
        lock = taken.pop_all()
    start = time.perf_counter()
    summary: Summary = {
        "status": "running",
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "config_hash": config_hash(config),
        "overrides": overrides,
        "versions": versions(),
        "git_commit": git_commit(),
        **kept,
    }
    write_summary(folder, summary)
    try:
        with leave_disk_errors_to_main_thread():
            yield summary
        summary["status"] = "done"
    except (KeyboardInterrupt, SystemExit) as error:
        summary["status"] = "interrupted"
        show(f"interrupted: what has been trained is in {shortest(folder)}")
        raise KeyboardInterrupt from error  # Lightning makes it a plain exit
    except BaseException as found:
        raised = as_mistake(found)
        summary["status"] = "failed"
        mistaken = isinstance(raised, UserError) and not keep_mistakes
        summary["error"] = f"{type(raised).__name__}: {raised}"
        summary["traceback"] = traceback.format_exc()
        if raised is found:
            raise
        raise raised from found
    finally:
        seconds = summary.get("wall_seconds", time.perf_counter() - start)
        summary["wall_seconds"] = round(seconds, 3)
        try:
            write_summary(folder, summary)
        finally:
            lock.close()
        if new and mistaken and not (folder / "checkpoints").exists():
            discard(folder)


def write_summary(folder: Path, summary: Summary) -> None:
    """Replace ``summary.json`` at once; what is not a finite number becomes null."""
    text = json.dumps(finite(summary), indent=2, ensure_ascii=False)
    replace(
        folder / "summary.json",
        lambda partial: partial.write_text(text + "\n", encoding="utf-8"),
    )


def read_summary(folder: Path) -> Summary:
    """``summary.json`` of a run; ``running`` without its lock is ``interrupted``.

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
    """Whether the folder holds a finished run, which nothing may overwrite."""
    return (folder / "summary.json").is_file() and (
        read_summary(folder)["status"] == "done"
    )


def refuse_taken(folder: Path) -> None:
    """Keep what others have left or are writing.

    Raises:
        UserError: the folder holds a finished run, or another process writes to it.
    """
    if is_done(folder):
        raise UserError(f"{folder} holds a finished run, which is never overwritten")
    if is_held(folder):
        raise UserError(f"{folder} is in use by another process")


def read_config(folder: Path) -> DictConfig:
    """The config of a run, with the folder as it is called now.

    Raises:
        UserError: the folder holds no run, a file of it cannot be read, or a link in it
            leads elsewhere.
    """
    path = folder / ".hydra" / "config.yaml"
    if any(folder.glob("*/summary.json")):
        raise UserError(f"run={folder} is a sweep: give the folder of one of its runs")
    if not path.is_file():
        raise UserError(f"run={folder} holds no run: it has no .hydra/config.yaml")
    refuse_ways_out(folder)
    with blame_folder(folder):
        config = OmegaConf.load(path)
        if not isinstance(config, DictConfig):
            raise UserError(f"{path} is broken: it is no config")
    config.folder = str(folder)
    return config


def discard(folder: Path) -> None:
    """Remove what a run has left, and nothing else."""
    for pattern in LEFT:
        for path in folder.glob(pattern):
            path.unlink()
    for path in [*sorted(folder.rglob("*"), reverse=True), folder]:
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def finite(value: Any) -> Any:
    """Replace numbers that are not finite by None, since JSON has none of them."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
