"""`python tools/browser_ran.py TESTS.xml`: fails when a browser test was skipped, or none ran."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

HOME = "tests.web"


def main(report: Path) -> int:
    """0 when every test of tests/web ran. `report` is what pytest's --junitxml wrote."""
    cases = ElementTree.parse(report).iter("testcase")
    browser = [case for case in cases if case.get("classname", "").startswith(HOME)]
    skipped = [case for case in browser if case.find("skipped") is not None]
    for case in skipped:
        print(f"skipped: {case.get('classname')}.{case.get('name')}")
    print(f"browser tests: {len(browser)}, of which {len(skipped)} skipped")
    return 0 if browser and not skipped else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
