"""Reference data the detectors may use when the user has it: places, land, areas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.app.config import Settings
from fairlead.app.words import count
from fairlead.geo.areas import Areas
from fairlead.geo.places import Places
from fairlead.geo.shore import Shore
from fairlead.schema.errors import ConfigError

PLACES = ("gfw_anchorages.csv", "anchorages.csv", "ports.csv")
PORTS = ("world_port_index.csv", "ports.csv")
LAND = ("land-50m.json", "land-10m.json", "global_land_mask.npz")


@dataclass(frozen=True, slots=True)
class Reference:
    """What was found; None where nothing was."""

    places: Places | None = None
    ports: Places | None = None
    shore: Shore | None = None
    areas: Areas | None = None


def load(settings: Settings, notice: Callable[[str], None]) -> Reference:
    """Read what `reference` holds and the zones. Raises ConfigError for what cannot be read."""
    from fairlead.geo.geojson import read_areas
    from fairlead.geo.places import read_places
    from fairlead.geo.shore import read_shore

    areas = None
    if settings.zones:
        areas = Areas(tuple(a for path in settings.zones for a in read_areas(path).areas))
        notice(count(len(areas.areas), "zone"))
    folder = settings.reference
    if folder is None:
        return Reference(areas=areas)
    if not folder.is_dir():
        message = f"reference folder `{folder}` does not exist"
        raise ConfigError(message, help="pass a folder with ports, anchorages or land")
    found = {
        "places": _first(folder, PLACES),
        "ports": _first(folder, PORTS),
        "shore": _first(folder, LAND),
    }
    if not any(found.values()):
        message = f"reference folder `{folder}` holds no file of a known name"
        known = ", ".join(dict.fromkeys((*PLACES, *PORTS, *LAND)))
        raise ConfigError(message, help=f"known are {known}")
    for path in found.values():
        if path:
            notice(f"{path}: reference")
    return Reference(
        places=read_places(found["places"]) if found["places"] else None,
        ports=read_places(found["ports"]) if found["ports"] else None,
        shore=read_shore(found["shore"]) if found["shore"] else None,
        areas=areas,
    )


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / n for n in names if (folder / n).is_file()), None)


def detector_settings(settings: Settings, known: Reference) -> dict[str, dict[str, Any]]:
    """The detectors' settings with the reference data put where they take it."""
    given = {kind: _as_fields(kind, value) for kind, value in settings.detectors.items()}
    offered = {
        "zone": {"areas": known.areas},
        "port_visit": {"places": known.places},
        "destination_mismatch": {"places": known.ports},
        "gap": {"shore": known.shore},
        "loitering": {"shore": known.shore},
        "speed_change": {"shore": known.shore},
        "encounter": {"anchorages": known.places},
        "draught_change": {"places": known.places},
    }
    for kind, extra in offered.items():
        present = {name: value for name, value in extra.items() if value is not None}
        if present:
            given[kind] = {**present, **given.get(kind, {})}
    return given


def _as_fields(kind: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"enabled": value}
    if isinstance(value, Mapping):
        return dict(value)
    message = f"settings of detector `{kind}` must be a table, true or false"
    raise ConfigError(message, help=f"write `[detectors.{kind}]` and its fields below it")
