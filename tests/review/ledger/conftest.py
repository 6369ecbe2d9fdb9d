import pytest

from tests.review.ledger.desk import Desk, N


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def full(desk):
    """Twelve entries, checkpoints at 3, 7 and 12."""
    desk.write(N, sign_at=(3, 7, N))
    return desk
