"""Seas that several tests look at, made once."""

import pytest

from fairlead.simulate import DEFAULT_HOURS, Sea, simulate


@pytest.fixture(scope="session")
def sea(tmp_path_factory) -> Sea:
    return simulate("strait", 4, DEFAULT_HOURS, tmp_path_factory.mktemp("sea"), report_every_s=120)


@pytest.fixture(scope="session")
def clean_sea(tmp_path_factory) -> Sea:
    return simulate("strait-clean", 4, 12, tmp_path_factory.mktemp("clean"), report_every_s=120)
