"""What many runs came to: a table, what can be concluded from it, and pages."""
