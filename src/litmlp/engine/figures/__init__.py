"""Pictures, a file a kind; each returns a matplotlib figure."""
