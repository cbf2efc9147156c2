"""Training, sweeps and predictions for Python code and notebooks."""
