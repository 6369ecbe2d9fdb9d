"""Settings: read once, here and nowhere else, from a TOML file, then the environment, then flags.

The code is the default; there is no file of defaults. Unknown names fail with a suggestion.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from fairlead.schema.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set, apart from the detectors' own fields.

    `detectors` holds, by kind of detector, its fields and optionally `preset`; `false` switches a
    detector off. `reference` is a folder with ports, anchorages and land; `watchlists` are files
    or folders; `zones` are GeoJSON files of dated polygons; `weights` replaces the scorer's table.

    Of the console: `markings` says by patterns of sources' names which markings their rows carry,
    `expected` how many lines a minute a feed should send, `hosts` by which names it is reached,
    `dead_man_h` after how many hours without a reviewer nothing leaves (0: never by itself).
    """

    workspace: Path = Path("fairlead-data")
    reference: Path | None = None
    watchlists: tuple[Path, ...] = ()
    zones: tuple[Path, ...] = ()
    weights: Path | None = None
    lateness_s: int = 600
    at_most: int = 10
    watch_h: int = 24
    detectors: Mapping[str, Any] = field(default_factory=dict)
    markings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    dead_man_h: int = 0


ENVIRONMENT = {
    "FAIRLEAD_WORKSPACE": "workspace",
    "FAIRLEAD_REFERENCE": "reference",
    "FAIRLEAD_WATCHLISTS": "watchlists",
}


def load(config: Path | None, flags: Mapping[str, Any]) -> Settings:
    """The settings in force. `flags` that are None were not given.

    Raises ConfigError for a file that cannot be read, an unknown name or a wrong type.
    """
    settings = Settings()
    given = config or _default_file(flags)
    if given is not None:
        settings = _apply(settings, _read_toml(given), str(given))
    for variable, name in ENVIRONMENT.items():
        if variable in os.environ:
            settings = _apply(settings, {name: os.environ[variable]}, variable)
    chosen = {k: v for k, v in flags.items() if v is not None and v != []}
    return _apply(settings, chosen, "the command line")


def changed(settings: Settings, path: Path) -> Settings:
    """The settings with what a file says instead; the workspace stays. Raises as `load` does."""
    values = _read_toml(path)
    return replace(_apply(settings, values, str(path)), workspace=settings.workspace)


def _default_file(flags: Mapping[str, Any]) -> Path | None:
    folder = flags.get("workspace") or os.environ.get("FAIRLEAD_WORKSPACE") or Settings().workspace
    candidate = Path(folder) / "fairlead.toml"
    return candidate if candidate.is_file() else None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        message = f"settings file `{path}` cannot be read: {error.strerror}"
        raise ConfigError(message, help="check the path given with `--config`") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"settings file `{path}` is not TOML: {error}"
        raise ConfigError(message, help="see docs/reference/settings.md for an example") from error


def _apply(settings: Settings, values: Mapping[str, Any], where: str) -> Settings:
    known = {f.name for f in fields(Settings)}
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise unknown_name(name, known, where, what="setting")
        changed[name] = _converted(name, value, where)
    return replace(settings, **changed)


def _converted(name: str, value: Any, where: str) -> Any:
    if name in ("workspace", "reference", "weights"):
        return Path(value)
    if name in ("watchlists", "zones"):
        parts = value.split(os.pathsep) if isinstance(value, str) else value
        return tuple(Path(p) for p in parts)
    if name == "detectors":
        if not isinstance(value, Mapping):
            message = f"`detectors` in {where} is not a table"
            raise ConfigError(message, help="write `[detectors.gap]` and its fields below it")
        return dict(value)
    if name in ("markings", "expected"):
        return _by_source(name, value, where)
    if name == "hosts":
        return tuple(map(str, [value] if isinstance(value, str) else value))
    least = 1 if name == "watch_h" else 0
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        message = f"`{name}` in {where} must be a whole number from {least} on, not `{value}`"
        raise ConfigError(message, help="see docs/reference/settings.md")
    return value


def _by_source(name: str, value: Any, where: str) -> dict[str, Any]:
    example = '"ais-*" = ["tlp:green"]' if name == "markings" else '"udp://*" = 3000'
    help = f"write `[{name}]` and below it lines such as {example}"
    if not isinstance(value, Mapping):
        message = f"`{name}` in {where} is not a table"
        raise ConfigError(message, help=help)
    found: dict[str, Any] = {}
    for pattern, given in value.items():
        if name == "markings" and isinstance(given, list | tuple):
            found[pattern] = tuple(str(mark) for mark in given)
        elif name == "expected" and isinstance(given, int | float) and given > 0:
            found[pattern] = float(given)
        else:
            message = f"`{name}.{pattern}` in {where} cannot be `{given}`"
            raise ConfigError(message, help=help)
    return found


def unknown_name(name: str, known: set[str], where: str, *, what: str) -> ConfigError:
    """An error for a name that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(known))}"
    return ConfigError(f"unknown {what} `{name}` in {where}", help=hint)


def flags(given: argparse.Namespace) -> dict[str, Any]:
    """The settings among the arguments of a verb."""
    known = {f.name for f in fields(Settings)}
    return {name: value for name, value in vars(given).items() if name in known}


def path_of(text: str | None) -> Path | None:
    """A path argument that may be absent."""
    return None if text is None else Path(text)


def has_display() -> bool:
    """Whether a browser can open a window here: a text browser would take the terminal away."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def secret_named(name: str) -> str:
    """A secret that a recipient's address names: of the environment, FAIRLEAD_SECRET_NAME.

    Raises ConfigError where there is none.
    """
    variable = "FAIRLEAD_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    if variable not in os.environ:
        message = f"no secret `{name}`"
        raise ConfigError(message, help=f"set {variable} where the console is started")
    return os.environ[variable]
