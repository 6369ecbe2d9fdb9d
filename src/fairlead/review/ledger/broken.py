"""The error of everything that does not prove what it says."""

from __future__ import annotations

from fairlead.schema.errors import FairleadError

EXIT_BROKEN = 6


class BrokenError(FairleadError):
    """A key, note, proof or ledger that does not hold."""

    exit_code = EXIT_BROKEN
