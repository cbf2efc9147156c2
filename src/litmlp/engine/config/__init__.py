"""From a composed config to objects."""
