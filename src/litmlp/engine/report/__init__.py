"""Reports on many runs: tables, conclusions, a page with pictures."""
