"""The engine: how a config becomes runs, sweeps, predictions and reports."""
