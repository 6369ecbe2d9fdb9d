"""What network sources share: connections' bytes into blocks, and how addresses are written."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.schema.errors import ConfigError
from fairlead.sources.blocks import Lines, Rows, add_lines, shown

BLOCK_S = 0.04
"""What came within this time makes a block."""
IDLE_S = 1.0
"""A quiet feed yields an empty table this often, so that its reader can see that it is quiet."""
RECEIVE_BYTES = 1 << 18


def host_and_port(address: str, scheme: str) -> tuple[str, int]:
    """`host:port`; an IPv6 host stands in brackets. Raises ConfigError."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        message = f"`{scheme}://{address}` is not an address"
        raise ConfigError(
            message, help=f"write {scheme}://HOST:PORT, for example {scheme}://localhost:10110"
        )
    return host.strip("[]") or "0.0.0.0", int(port)


def format_of(data: bytes, given: str | None) -> str:
    """A live feed is NMEA unless its lines begin like JSON."""
    if given:
        return given
    return "jsonl" if data.lstrip().startswith(b"{") else "nmea"


@dataclass(slots=True)
class Feed:
    """Rows of RAW from one or more connections, whose lines never mix."""

    source: str
    given_format: str | None
    rows: Rows
    _lines: dict[int, Lines] = field(default_factory=dict)

    @classmethod
    def start(cls, source: str, format: str | None, offset: int, line: int) -> Feed:
        return cls(source, format, Rows(source, format or "nmea", offset, line))

    def receive(self, connection: int, data: bytes, received_us: int) -> None:
        lines = self._lines.setdefault(connection, Lines())
        self.rows.format = format_of(data, self.given_format)
        add_lines(self.rows, lines, data, received_us)

    def close(self, connection: int, received_us: int, *, lost: str = "") -> None:
        """The connection's last line: a record if it was closed in order, else a fault."""
        rest, n_bytes = self._lines.pop(connection, Lines()).rest()
        if not n_bytes:
            return
        if lost or n_bytes > len(rest):
            detail = f"{lost or 'closed'} within a record of {n_bytes} bytes, {shown(rest)}"
            self.rows.fault("cut_off", detail, received_us, n_bytes, 1)
        else:
            self.rows.format = format_of(rest, self.given_format)
            self.rows.add(rest + b"\n", received_us)
