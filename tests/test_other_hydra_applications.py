"""Hydra applications of others in the same environment behave as without litmlp."""

import subprocess
import sys
from pathlib import Path

APPLICATION = """\
import hydra
from omegaconf import OmegaConf

for name in ("launch", "run_folder", "command", "member"):
    OmegaConf.register_new_resolver(name, lambda: "mine")

@hydra.main(version_base="1.3", config_path=None)
def main(config):
    job = hydra.core.hydra_config.HydraConfig.get()
    name = OmegaConf.create({"name": "${launch:}"}).name
    print(config.x, name, *job.runtime.choices.values())

main()
"""


def lines(folder: Path, *arguments: str) -> list[str]:
    """Return the lines that the application prints."""
    (folder / "app.py").write_text(APPLICATION)
    command = [sys.executable, "app.py", *arguments]
    ended = subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    )
    assert not ended.stderr
    return [line for line in ended.stdout.splitlines() if "HYDRA" not in line]


def test_an_application_of_others_runs_with_hydras_own_sweeper(tmp_path: Path) -> None:
    (single,) = lines(tmp_path, "+x=1")
    first, second = lines(tmp_path, "-m", "+x=1,2")
    assert single.startswith("1 mine ")
    assert first.startswith("1 mine ")
    assert second.startswith("2 mine ")
    assert single.split().count("basic") == 2  # the sweeper and the launcher
    assert (tmp_path / "multirun").is_dir()
