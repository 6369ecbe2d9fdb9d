import pytest

from tests.referrals.office import Office


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()
