"""Pictures of the options in ``conf/``: one file per group measures and draws."""
