"""Lessons: sweeps that test the claims of a textbook."""
