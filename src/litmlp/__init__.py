"""Configurable MLP classifiers and regressors on PyTorch Lightning and Hydra."""
