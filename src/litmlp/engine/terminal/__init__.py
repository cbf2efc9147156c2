"""Text on the console and in the log."""
