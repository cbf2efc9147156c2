"""Pictures of every option in ``conf/``: a file a group, measured first, then drawn."""
