"""The last door: what a person reads when something unforeseen happens."""

import pytest

from fairlead.app.cli import _said


@pytest.mark.parametrize(
    ("error", "said", "help"),
    [
        (
            RuntimeError("cannot cache function 'f': no locator available"),
            "kept",
            "NUMBA_CACHE_DIR",
        ),
        (ValueError("odd"), "unexpected ValueError: odd", "--debug"),
    ],
)
def test_an_unforeseen_error_says_what_to_do(error, said, help):
    message, advice = _said(error)
    assert said in message
    assert help in advice
