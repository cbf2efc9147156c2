"""Groups on other machines: each run is done once, though a machine is lost."""

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import Begin
from launched import begun_again, children, run_folders, status, wait_until

from litmlp.engine.folder.run_folder import read_summary

GROUPS = (
    *("hydra/launcher=vectorized", "data=gauss", "data.num_samples=100"),
    *("model.hidden_sizes=[4]", "trainer=cpu", "callbacks=minimal", "logger=none"),
    "callbacks.checkpoint.every_seconds=0.5",
)

SUBMITIT = "hydra.launcher.submitit"


def check_done_once(sweep: Path, group_sizes: set[int]) -> None:
    """Check that each run has ended once, as one of a group."""
    folders = run_folders(sweep).values()
    assert {status(folder) for folder in folders} == {"done"}
    assert {read_summary(folder)["vectorized"] for folder in folders} <= group_sizes
    logs = [(folder / "train.log").read_text() for folder in folders]
    assert {log.count("best loss/val") for log in logs} == {1}


def begun(sweep: Path) -> int:
    """The number of runs that have saved a checkpoint."""
    return len([*sweep.glob("*/checkpoints/last.ckpt")])


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="pip install litmlp[ray]")
def test_each_of_128_runs_is_done_once_though_a_node_of_ray_is_lost(
    begin: Begin, tmp_path: Path
) -> None:
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    head = node | {"include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    sweep = tmp_path / "sweep"
    try:
        lost = cluster.add_node(**node)
        process = begin(
            *(*GROUPS, "hydra.launcher.workers=ray", "seed=range(128)"),
            *("hydra.launcher.max_members=16", "trainer.max_epochs=300"),
            f"hydra.launcher.ray.init.address='{cluster.address}'",
        )
        wait_until(lambda: begun(sweep) >= 32)  # both nodes are in a group
        cluster.remove_node(lost, allow_graceful=False)
        out, _ = process.communicate(timeout=300)
    finally:
        cluster.shutdown()
    assert process.returncode == 0, out
    assert len(run_folders(sweep)) == 128
    check_done_once(sweep, {*range(1, 17)})
    went_on = [n for folder in run_folders(sweep).values() for n in begun_again(folder)]
    assert 0 < len(went_on) <= 16


@pytest.mark.slow
def test_a_lost_job_of_submitit_leaves_its_group_to_be_resumed(
    begin: Begin, tmp_path: Path
) -> None:
    command = (
        *(*GROUPS, "hydra.launcher.workers=submitit", "seed=range(6)"),
        *("hydra.launcher.max_members=3", "trainer.max_epochs=300"),
        *(f"{SUBMITIT}.cluster=local", f"{SUBMITIT}.poll_seconds=1"),
    )
    sweep = tmp_path / "sweep"
    process = begin(*command)
    wait_until(lambda: begun(sweep) == 6)
    killed, _ = [task for job in children(process.pid) for task in children(job)]
    os.kill(killed, signal.SIGKILL)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 1, out
    found = sorted(status(folder) for folder in run_folders(sweep).values())
    assert found == ["done"] * 3 + ["interrupted"] * 3
    again = begin(*command, "sweep.resume=sweep")
    out, _ = again.communicate(timeout=300)
    assert again.returncode == 0, out
    assert "6 runs: 3 done (skipped), 3 interrupted (goes on)" in out
    check_done_once(sweep, {3})
