"""One file per noun; each has ENDPOINTS. A new one is a file here and a name in NAMES."""

from __future__ import annotations

import importlib

from fairlead.app.api.endpoint import Endpoint

NAMES = (
    "access",
    "watch",
    "leads",
    "events",
    "vessels",
    "area",
    "times",
    "layers",
    "rules",
    "records",
    "referrals",
    "evidence",
)


def every_endpoint() -> tuple[Endpoint, ...]:
    modules = [f"{__name__}.{name}" for name in NAMES] + ["fairlead.app.api.openapi"]
    return tuple(e for module in modules for e in importlib.import_module(module).ENDPOINTS)
