"""Runs of a sweep that are trained as one network: hydra/launcher=vectorized."""

LEAST = 16
"""Runs that pay for the start of a process; a larger group costs the same per run."""
