"""Searches with Optuna: a space of overrides, a study of trials, its objectives."""
