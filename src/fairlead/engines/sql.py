"""Ad-hoc SQL over a workspace's tables, read-only, with DuckDB."""

from __future__ import annotations

import re
from collections.abc import Mapping

import duckdb
import pyarrow as pa

from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.errors import ConfigError
from fairlead.schema.table import Table


def query(engine: EmbeddedEngine, tables: Mapping[str, Table], sql: str) -> pa.Table:
    """The answer to one SELECT over the tables it names.

    Files and the network are out of its reach. Raises ConfigError with the database's own words.
    """
    words = set(re.findall(r"[a-z_]+", sql.lower()))
    connection = duckdb.connect(config={"threads": 2})
    try:
        for name, table in tables.items():
            if name in words:
                _attach(connection, engine, name, table)
        connection.execute("SET enable_external_access = false")
        found = connection.sql(sql)
        return pa.table({}) if found is None else found.to_arrow_table()
    except duckdb.Error as error:
        message = f"the query failed: {str(error).splitlines()[0]}"
        raise ConfigError(message, help=f"tables: {', '.join(tables)}") from error
    finally:
        connection.close()


def _attach(
    connection: duckdb.DuckDBPyConnection, engine: EmbeddedEngine, name: str, table: Table
) -> None:
    connection.register(name, engine.scan(table))
