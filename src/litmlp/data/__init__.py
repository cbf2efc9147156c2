"""Data: sources, splits, preprocessing and the loaders that feed a Trainer."""
