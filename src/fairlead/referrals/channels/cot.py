"""A referral as a Cursor on Target event: a place to look, never anything to act on by force.

The type is always `b-m-p-s-m`, a spot on the map. Types that mean friend, foe or a target are not
in this program.
"""

from __future__ import annotations

import socket
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from fairlead.referrals.dossier.story import track_of
from fairlead.referrals.envelope import Envelope
from fairlead.schema.errors import SourceError
from fairlead.schema.text import iso, plain

SPOT = "b-m-p-s-m"
STALE_US = 24 * 3_600_000_000
TIMEOUT_S = 20.0
UNKNOWN_M = "9999999.0"


def deliver(envelope: Envelope, address: Mapping[str, Any], now_us: int) -> dict[str, Any]:
    """Send the event to `host` and `port` over TLS; `tls` of `loopback` sends it plain to this
    machine alone. Raises SourceError where there is no place to show or nobody takes it."""
    event = as_event(envelope, now_us)
    host, port = str(address.get("host", "")), int(address.get("port", 8089))
    plainly = address.get("tls") == "loopback"
    if plainly and host not in ("localhost", "127.0.0.1", "::1"):
        message = f"`{host}` is not this machine"
        raise SourceError(message, help="leave `tls` out: the event is then encrypted on its way")
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as wire:
            if plainly:
                wire.sendall(event)
            else:
                context = ssl.create_default_context()
                with context.wrap_socket(wire, server_hostname=host) as sealed:
                    sealed.sendall(event)
    except OSError as error:
        message = f"`{host}:{port}` did not take it: {error}"
        raise SourceError(message, help="check the address and its certificate") from error
    return {"type": SPOT, "n_bytes": len(event)}


def as_event(envelope: Envelope, now_us: int) -> bytes:
    """The event as XML, at the last place the vessel was seen. Raises SourceError without one."""
    content = envelope.value
    way = track_of(envelope)
    if not way:
        message = f"{content['referral_id']} has no place"
        raise SourceError(message, help="send it by another channel")
    lon, lat = way[-1]
    event = ET.Element(
        "event",
        version="2.0",
        uid=content["referral_id"],
        type=SPOT,
        how="h-g-i-g-o",
        time=iso(now_us),
        start=iso(content["lead"]["start_us"]) or iso(now_us),
        stale=iso(now_us + STALE_US),
    )
    ET.SubElement(
        event,
        "point",
        lat=f"{lat:.6f}",
        lon=f"{(lon + 180.0) % 360.0 - 180.0:.6f}",
        hae=UNKNOWN_M,
        ce=UNKNOWN_M,
        le=UNKNOWN_M,
    )
    detail = ET.SubElement(event, "detail")
    name = plain(content["vessel"]["name"] or content["vessel"]["mmsi"])
    ET.SubElement(detail, "contact", callsign=name)
    remarks = ET.SubElement(detail, "remarks")
    remarks.text = f"{content['title']}. {plain(content['note'])} SHA-256 {envelope.digest}"
    return ET.tostring(event, encoding="utf-8", xml_declaration=True)
