"""A trial that is pruned leaves its group, and costs nothing from then on."""

from pathlib import Path

import pytest
from conftest import Run
from searches import check_pruned_search

from litmlp.engine.vectorized.group_training import Group


def test_a_bad_trial_is_pruned_and_leaves_its_group(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    end_epoch = Group.end_epoch

    def counted(group: Group) -> None:
        sizes.append(len(group.stack))
        end_epoch(group)

    monkeypatch.setattr(Group, "end_epoch", counted)
    pruner = ("asha", "min_resource=2", "reduction_factor=2")
    ended = check_pruned_search(run, tmp_path, "vectorized", pruner, n_jobs=6)
    assert sizes == [sum(epochs > n for epochs in ended) for n in range(7)]
