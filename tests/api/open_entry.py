"""A way in without signing in, for tests of everything that is not access itself."""

import numpy as np

from fairlead.app.api.entry import Signed
from fairlead.review.access.principal import Principal


class AllRows:
    def mask(self, rows):
        return np.ones(rows.num_rows, bool)


class OpenEntry:
    """Whoever calls is signed in as one person who may do everything."""

    principal = Principal(
        "acct-tester",
        frozenset({"administrator", "analyst", "reviewer", "viewer"}),
        frozenset({"tlp:red"}),
        0,
        "passkey",
    )

    def signed(self, headers, cookies, now_us):
        return Signed(self.principal, None, None, "tester", "passkey")

    def allowed(self, principal, action, resource):
        return True, ["open"]

    def row_filter(self, principal, action):
        return AllRows()
