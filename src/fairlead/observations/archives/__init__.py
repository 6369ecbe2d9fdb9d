"""Archives: CSV, Parquet and JSON lines through a header mapping."""
