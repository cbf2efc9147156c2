"""How many runs fit side by side."""

import builtins
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Compose

from litmlp.build import build_data
from litmlp.preparation import Run, build_run
from litmlp.process import settings
from litmlp.vectorized import capacity


def built(config: Compose, *overrides: str) -> Run:
    composed = config("data=gauss", "trainer=cpu", *overrides)
    with settings(composed):
        return build_run(composed, Path(composed.folder), build_data(composed), None)


def test_memory_and_open_files_limit_a_group(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = built(config)
    one = capacity.bytes_of_member(run)
    weights = sum(p.numel() * p.element_size() for p in run.model.parameters())
    assert one > 5 * weights
    monkeypatch.setattr(capacity, "open_files", lambda: 1128)
    monkeypatch.setattr(capacity, "available", lambda device: 10**12)
    assert capacity.most_members(run) == 250
    monkeypatch.setattr(capacity, "available", lambda device: 40 * 2**20)
    assert capacity.most_members(run) == 20 * 2**20 // (one + capacity.BOOKS)
    monkeypatch.setattr(capacity, "available", lambda device: 0)
    assert capacity.most_members(run) == 1


def test_an_estimate_leaves_the_run_as_it_was(config: Compose) -> None:
    run = built(config, "batchnorm=before_activation", "dropout=dropout")
    before = {name: t.clone() for name, t in run.model.state_dict().items()}
    numbers = torch.get_rng_state()
    capacity.bytes_of_member(run)
    torch.testing.assert_close(dict(run.model.state_dict()), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), numbers)


def test_files_without_a_limit_do_not_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = (resource.RLIM_INFINITY,) * 2
    monkeypatch.setattr(resource, "getrlimit", lambda kind: endless)
    assert capacity.open_files() == sys.maxsize


def test_windows_is_not_asked_for_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without_resource(name: str, *rest: Any, **more: Any) -> Any:
        if name == "resource":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_resource)
    monkeypatch.setattr(sys, "platform", "win32")
    assert capacity.open_files() == capacity.WINDOWS_FILES
