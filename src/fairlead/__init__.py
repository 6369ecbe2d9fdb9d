"""Fairlead: maritime domain awareness in the open."""

__version__ = "0.1.0"
