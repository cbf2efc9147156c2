"""Pictures, one file per kind; each function returns a matplotlib figure."""
