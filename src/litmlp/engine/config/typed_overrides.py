"""Overrides of a launch as a user typed them."""

from typing import Any, cast

from omegaconf import OmegaConf


def as_typed(overrides: Any) -> list[str]:
    """Give overrides unresolved: ``key=${oc.env:TOKEN}`` keeps the token secret."""
    return cast(list[str], OmegaConf.to_container(overrides, resolve=False))
