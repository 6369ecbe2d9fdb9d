"""Nothing leaves but through the door: shown over the program's own import graph.

Whatever can reach another machine is imported by the modules named here and no other; of those,
only the channels send what Fairlead knows, and only the door hands a channel what it takes.
"""

import ast
import sys
from pathlib import Path

import pytest

import fairlead

SOURCE = Path(fairlead.__file__).parent
REACHES_OUT = {
    *("socket", "ssl", "smtplib", "socketserver", "ftplib", "poplib", "imaplib", "http.client"),
    *("http.server", "urllib.request", "xmlrpc", "asyncio", "multiprocessing", "subprocess"),
    *("telnetlib", "ctypes", "httpx", "requests", "urllib3", "aiohttp", "h11", "httpcore"),
    *("granian", "uvicorn", "authlib", "paramiko", "boto3", "websockets", "webbrowser", "anyio"),
}
MAY = {
    "sources/tcp.py": "reads sentences; what it writes on the wire is tested to be nothing",
    "sources/udp.py": "receives datagrams",
    "app/verbs/demo.py": "looks for a free port of this machine for the simulated feed",
    "observations/ais/native.py": "calls kernels of its own that were kept as machine code",
    "simulate/replay.py": "sends a simulated sea to this machine alone, as its test shows",
    "review/access/oidc.py": "asks the organisation's identity provider who signs in",
    "referrals/channels/cot.py": "a channel",
    "referrals/channels/smtp.py": "a channel",
    "referrals/channels/webhook.py": "a channel",
}
SERVES = {"app/api", "app/verbs/console.py", "app/verbs/demo.py", "app/live.py"}
"""Answers who has signed in, on this machine's own port; never calls out."""


def modules():
    return sorted(p for p in SOURCE.rglob("*.py") if "__pycache__" not in p.parts)


def imported(path):
    """Every module named by an import anywhere in the file, its parents and its parts too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {".".join(n.split(".")[:i]) for n in names for i in range(1, n.count(".") + 2)}


def place(path):
    return path.relative_to(SOURCE).as_posix()


def serves(path):
    return any(place(path).startswith(prefix) for prefix in SERVES)


@pytest.mark.parametrize("path", modules(), ids=place)
def test_what_can_reach_another_machine_is_known(path):
    found = imported(path) & REACHES_OUT
    if serves(path):
        found -= {"granian", "anyio", "asyncio", "socket", "webbrowser", "multiprocessing"}
    if place(path) not in MAY:
        assert not found, f"{place(path)} imports {sorted(found)}: is it a way out?"


def test_every_exception_is_still_needed():
    needed = {place(p) for p in modules() if imported(p) & REACHES_OUT}
    assert needed >= set(MAY)


def test_imports_by_name_at_run_time_stay_inside():
    """`importlib.import_module` and `__import__` are called with names of ours, or not at all."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("import_module", "__import__")
            ):
                room = place(path).split("/")[0]
                may = ("app", "events", "observations")
                assert room in may, f"{place(path)}:{node.lineno} imports by name"


def importers(name):
    return {place(p) for p in modules() if name in imported(p)}


def test_channels_are_reached_from_one_place():
    for channel in ("cot", "folder", "smtp", "webhook"):
        assert importers(f"fairlead.referrals.channels.{channel}") == {
            "referrals/channels/__init__.py"
        }


def test_only_the_door_clears_a_referral():
    """`Cleared(...)` is built in one function, after the guard; a channel takes nothing else."""
    built = [
        (place(path), node.lineno)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Cleared"
    ]
    assert [where for where, _ in built] == ["referrals/door.py"]


def test_the_room_of_referrals_asks_no_environment_and_no_setting():
    for path in modules():
        if place(path).startswith("referrals/"):
            names = imported(path)
            assert not {n for n in names if n.split(".")[0] in ("os", "sys")} - {"os"}
            assert "fairlead.app" not in names
            assert "environ" not in path.read_text("utf-8")


def test_sources_send_nothing():
    """No method that writes to a socket is called where sentences are read."""
    for name in ("sources/tcp.py", "sources/udp.py", "sources/streams.py"):
        for node in ast.walk(ast.parse((SOURCE / name).read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("send", "sendall", "sendto", "sendmsg", "sendfile")


def test_the_list_knows_this_pythons_network_modules():
    assert {n for n in REACHES_OUT if n in sys.stdlib_module_names} >= {"socket", "ssl", "smtplib"}
