"""The console as people use it: the real program over a simulated sea, in a real Chromium.

Skipped, with the reason printed, where there is no Chromium or the console is not built.
"""

from collections.abc import Iterator

import pytest

from tests.web import driver
from tests.web.driver import AXE, BUILT, Browser, Console, chromium


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The program on a settled sea, with two vessels whose names are an attack."""
    if not (BUILT / "index.html").is_file():
        pytest.skip("the console is not built: npm ci && npm run build in web/")
    folder = tmp_path_factory.mktemp("console")
    workspace = driver.settled_sea(folder)
    with driver.serve(workspace) as running:
        yield running


@pytest.fixture(scope="session")
def browser(console: Console) -> Iterator[Browser]:
    """One Chromium with a person signed in by the passkey of a virtual authenticator."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here: install Debian's chromium, or set CHROMIUM to its path")
    with driver.launched(path) as chrome:
        yield Browser(chrome, console)


def pytest_report_header() -> str:
    return f"console: chromium {chromium()}, built {BUILT.is_dir()}, axe {AXE.is_file()}"
