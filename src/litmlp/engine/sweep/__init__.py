"""Many runs of one launch: names, hooks, processes, cross-validation."""
