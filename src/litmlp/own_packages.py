"""The packages of a project, whose classes and functions its configs may name."""

OWN_PACKAGES: set[str] = set()
"""Filled by the engine from ``[tool.litmlp] packages`` in the pyproject.toml of the
working folder; a config or a run's folder cannot add to it."""
