"""Work on a project: its options, and what editors and people need to know of them."""
