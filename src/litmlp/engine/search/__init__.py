"""Searches with Optuna: a space from overrides, a study of trials, its objectives."""
