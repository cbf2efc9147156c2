"""Uses of a trained run: evaluate, predict, export, average."""
