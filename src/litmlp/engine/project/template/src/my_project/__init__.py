"""The networks, losses and data sets of my_project."""
