"""Drives the program and the browser for the tests of the console."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser as Chrome
from playwright.sync_api import BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "src" / "fairlead" / "web_dist"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
]
PATIENCE_MS = 30_000

HOSTILE_NAMES = {
    211000001: '<IMG SRC=x ONERROR="window.hurt=1">',
    211000002: "SAFE\u202eEVIL\u0007",
    211000003: "=HYPERLINK(A1)",
}


def chromium() -> str | None:
    """The path of an installed Chromium."""
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [shutil.which(n) for n in ("chromium", "chromium-browser")]
    return next((p for p in found if p and Path(p).is_file()), None)


@dataclass
class Console:
    """The running program: where it answers and the link it printed for the first person."""

    address: str
    first_link: str
    workspace: Path


def fairlead(*arguments: object) -> None:
    command = [sys.executable, "-m", "fairlead", *[str(a) for a in arguments]]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()


def settled_sea(folder: Path) -> Path:
    """Twelve hours of a simulated strait, and three vessels with hostile names."""
    sea, workspace = folder / "sea", folder / "workspace"
    fairlead("simulate", "strait", "--seed", 5, "--hours", 12, "--output", sea)
    hostile = folder / "hostile.csv"
    hostile.write_text(_hostile_rows(), "utf-8")
    workspace.mkdir()
    settings = f'watchlists = ["{sea}/watchlist"]\nzones = ["{sea}/zones.geojson"]\n'
    (workspace / "fairlead.toml").write_text(settings, "utf-8")
    fairlead("run", sea / "sea.nmea", hostile, "--workspace", workspace)
    return workspace


def _hostile_rows() -> str:
    head = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType"
    rows = [head]
    for k, (mmsi, name) in enumerate(HOSTILE_NAMES.items()):
        quoted = '"' + name.replace('"', '""') + '"'
        for minute in range(0, 60, 2):
            lat, lon = 49.2 + 0.1 * k, -6.5 + 0.004 * minute
            time = f"2025-10-14T12:{minute:02d}:00"
            rows.append(f"{mmsi},{time},{lat:.4f},{lon:.4f},8.0,90.0,90,{quoted},,,70")
    return "\n".join(rows) + "\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serve(workspace: Path, *sources: str) -> Generator[Console]:
    port = free_port()
    command = [sys.executable, "-m", "fairlead", "console", *sources]
    command += ["--workspace", str(workspace), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if "#enrol=" in line:
                link = next(word for word in line.split() if "#enrol=" in word)
                yield Console(f"http://localhost:{port}", link, workspace)
                break
        else:
            raise AssertionError("".join(said))
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@contextlib.contextmanager
def launched(path: str) -> Generator[Chrome]:
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        try:
            yield chrome
        finally:
            chrome.close()


NO_WEBGL = """const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : get.call(this, kind, ...rest);
};"""
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Person:
    """A browser profile of its own with a passkey."""

    context: BrowserContext
    page: Page
    complaints: list[str]


@dataclass
class Browser:
    """Chromium against one console. The first person is enrolled when first asked for."""

    chrome: Chrome
    console: Console
    _first: Person | None = field(default=None)
    _plain: Person | None = field(default=None)

    def person(self, *, draws: bool = True, **options: Any) -> Person:
        """A fresh profile; one that does not draw has no WebGL, so no map, and is quick."""
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = self.chrome.new_context(accept_downloads=True, locale="en-GB", **options)
        context.set_default_timeout(PATIENCE_MS)
        if not draws:
            context.add_init_script(NO_WEBGL)
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: _keep(complaints, told.type, told.text))
        return Person(context, page, complaints)

    def enrol(self, person: Person, link: str, handle: str) -> None:
        person.page.goto(link)
        person.page.get_by_label("Name you go by").fill(handle)
        person.page.get_by_role("button", name="Make a passkey").click()
        person.page.locator(".strip").wait_for()

    def first(self) -> Person:
        """The administrator, signed in, on an empty page of the watch."""
        if self._first is None:
            self._first = self.person()
            self.enrol(self._first, self.console.first_link, "watch-one")
        self.open(self._first, "#/watch")
        return self._first

    def plain(self) -> Person:
        """The same administrator on a device that cannot draw a map: quick, and all else works."""
        if self._plain is None:
            state = self.first().context.storage_state()
            self._plain = self.person(draws=False, storage_state=state)
        self.open(self._plain, "#/watch")
        return self._plain

    def sign_in_again(self, person: Person) -> None:
        """Signs out and in by passkey; what shared the session is forgotten."""
        person.page.get_by_role("button", name="Sign out").click()
        person.page.get_by_role("button", name="Sign in with a passkey").click()
        person.page.locator(".strip").wait_for()
        if self._plain is not None:
            self._plain.context.close()
            self._plain = None

    def invited(self, handle: str, *roles: str) -> Person:
        """Somebody else with a passkey, enrolled by a link of the administrator's."""
        admin = self.plain()
        self.open(admin, "#/accounts")
        page = admin.page
        page.locator("form").get_by_label("Name", exact=True).fill(handle)
        for role in ("viewer", "analyst", "reviewer", "administrator"):
            page.get_by_role("checkbox", name=role, exact=True).set_checked(role in roles)
        page.get_by_role("button", name="Make a one-time link").click()
        link = page.locator("code.secret").inner_text()
        person = self.person(draws=False)
        self.enrol(person, link, handle)
        return person

    def open(self, person: Person, view: str) -> None:
        """Goes to a view as by a link that somebody sent."""
        person.page.goto("about:blank")
        person.page.goto(f"{self.console.address}/{view}")
        person.page.locator(".strip").wait_for()
        person.complaints.clear()

    def look_like(self, person: Person, theme: str, language: str) -> None:
        keep = "([name, value]) => localStorage.setItem(`fairlead.${name}`, value)"
        for name, value in (("theme", theme), ("language", language)):
            person.page.evaluate(keep, [name, value])


def _keep(complaints: list[str], kind: str, text: str) -> None:
    expected = ("WebGL", "Failed to load resource")
    if kind == "error" and not any(word in text for word in expected):
        complaints.append(text)
