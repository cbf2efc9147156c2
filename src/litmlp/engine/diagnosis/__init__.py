"""Health of a network and its training, and advice about both."""
