"""Photographs and written reports as evidence: what they claim is kept, persons in them are not."""
