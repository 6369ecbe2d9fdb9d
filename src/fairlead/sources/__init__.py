"""Raw: bytes in, with a cursor to resume. One file per source."""
