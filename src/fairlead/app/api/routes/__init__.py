"""One file per noun; each has ENDPOINTS. A new one is a file here and a name in NAMES."""

from __future__ import annotations

import importlib

from fairlead.app.api.endpoint import Endpoint

NAMES = ("access", "watch", "leads", "events", "vessels", "area", "times", "layers")


def every_endpoint() -> tuple[Endpoint, ...]:
    return tuple(
        endpoint
        for name in NAMES
        for endpoint in importlib.import_module(f"{__name__}.{name}").ENDPOINTS
    )
