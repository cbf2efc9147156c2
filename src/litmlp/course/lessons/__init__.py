"""Lessons: sweeps that put what a book says to the test."""
