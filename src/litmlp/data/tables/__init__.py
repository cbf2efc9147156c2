"""Tables from files: reading, column kinds, splits by column."""
