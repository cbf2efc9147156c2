"""Lessons, gallery and worked examples that teach how networks learn."""
