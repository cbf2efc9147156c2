"""Hydra finds its plugins here by the name of this namespace package."""
