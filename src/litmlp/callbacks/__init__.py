"""Callbacks, a file each."""
