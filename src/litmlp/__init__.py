"""Configurable MLP classifiers and regressors on PyTorch Lightning and Hydra."""

import importlib
from typing import Any

__version__ = "0.2.0"

HOMES = {
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "train": "launch",
    "sweep": "launch",
    "load": "load",
}
"""The module of ``litmlp.engine.python_api`` that defines each public name."""

__all__ = list(HOMES)


def __getattr__(name: str) -> Any:
    # Loading takes seconds, for which `import litmlp` does not wait.
    if name not in HOMES:
        raise AttributeError(f"module 'litmlp' has no attribute {name!r}")
    home = importlib.import_module(f"litmlp.engine.python_api.{HOMES[name]}")
    return getattr(home, name)


def __dir__() -> list[str]:
    return [*globals(), *HOMES]
