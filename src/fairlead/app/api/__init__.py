"""The HTTP interface: what the console and other programs may ask, and who may ask it."""
