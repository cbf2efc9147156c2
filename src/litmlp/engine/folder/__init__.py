"""Files that a run leaves in its folder, and how they are read back."""
