"""The launcher's process, as far as a job in another process needs it."""

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from typing import Any

from hydra.core.singleton import Singleton

from litmlp.own_packages import OWN_PACKAGES


@dataclass(frozen=True)
class LauncherProcess:
    """The state of the process that makes this object, to be sent to others.

    Attributes:
        state: the singletons of Hydra and OmegaConf.
        directory: the working directory.
        packages: those of the project, which configs may name.
    """

    state: Any = field(default_factory=Singleton.get_state)
    directory: str = field(default_factory=os.getcwd)
    packages: set[str] = field(default_factory=OWN_PACKAGES.copy)

    @contextmanager
    def imitated(self) -> Iterator[None]:
        """Let this process be as the launcher's in the block."""
        Singleton.set_state(self.state)
        OWN_PACKAGES.update(self.packages)
        with chdir(self.directory):
            yield
