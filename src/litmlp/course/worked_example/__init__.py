"""Every number of an iteration (step), written out."""
