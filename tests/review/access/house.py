"""A gate over a real store and a real ledger, and people who stand before it."""

import json
import sqlite3
from contextlib import contextmanager

import pyotp
import pytest

from fairlead.engines.control import SqliteStore
from fairlead.review.access.gate import Gate
from fairlead.review.access.passkeys import Site
from fairlead.review.access.passwords import Cost
from fairlead.review.ledger import StoredLedger
from fairlead.schema.errors import RefusedError
from tests.review.access.authenticator import Authenticator

START_US = 1_790_000_000_000_000
S = 1_000_000
HOUR = 3600 * S
CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
SECRET = bytes(range(32))


class House:
    """`now` is the time of day here; `later` moves it on."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.settings = settings
        self.now = START_US
        self.open()

    def open(self):
        """Start the program (again) on the same folder."""
        self.store = SqliteStore(self.folder)
        self.ledger = StoredLedger(self.store, self.folder / "ledger")
        self.gate = Gate.open(self.store, self.ledger, SECRET, Site(), cost=CHEAP, **self.settings)

    def close(self):
        self.store.close()

    def restart(self):
        self.close()
        self.open()

    def later(self, us):
        self.now += us
        return self.now

    def entries(self, kind=None):
        found = [json.loads(raw) for raw in self.ledger.entries(0, 1 << 40)]
        return [e for e in found if kind in (None, e["kind"])]

    def reasons(self, kind):
        return [e["body"]["reason"] for e in self.entries(kind)]

    @contextmanager
    def refuses(self, reason, *, ledger=None, kind="refused"):
        """The block is refused for this reason, and the ledger has one more entry that says so."""
        before = len(self.entries(kind))
        with pytest.raises(RefusedError) as caught:
            yield caught
        assert caught.value.reason == reason
        assert self.reasons(kind)[before:] == [ledger or reason]

    def sql(self, statement, values=(), drop=()):
        """What someone does who has the database file: no fence holds them."""
        with sqlite3.connect(self.store.path) as raw:
            for table in drop:
                raw.execute(f"DROP TRIGGER {table}_no_update")
                raw.execute(f"DROP TRIGGER {table}_no_delete")
            found = raw.execute(statement, values).fetchall()
        raw.close()
        return found

    def first(self, markings=("tlp:red",)):
        """The first administrator, with a passkey: their principal and authenticator."""
        link = self.gate.enrolment.first_link(now_us=self.now, markings=markings)
        return self.redeem(link, "harbour-master")

    def redeem(self, link, handle=""):
        key = Authenticator()
        options = self.gate.enrolment.passkey_options(link, handle=handle, now_us=self.now)
        account = self.gate.enrolment.add_passkey(
            link, handle=handle, credential=key.create(options), now_us=self.now
        )
        return account.principal(method="passkey", authenticated_us=self.now), key

    def person(self, by, handle, roles=("analyst",), markings=("tlp:green",), expires_us=None):
        """Someone whom an administrator invited, with a passkey."""
        account = self.gate.accounts.create(
            handle=handle,
            roles=roles,
            markings=markings,
            by=by,
            now_us=self.now,
            expires_us=expires_us,
        )
        link = self.gate.enrolment.link_for(account.account_id, by=by, now_us=self.now)
        return self.redeem(link)

    def with_password(self, by, handle, password="lee shore at night 7", roles=("analyst",)):
        """Someone with a password and a one-time key: principal and key."""
        account = self.gate.accounts.create(
            handle=handle, roles=roles, markings=["tlp:green"], by=by, now_us=self.now
        )
        link = self.gate.enrolment.link_for(account.account_id, by=by, now_us=self.now)
        uri = self.gate.enrolment.password(link, handle="", password=password, now_us=self.now)
        codes = pyotp.parse_uri(uri)
        account = self.gate.enrolment.add_password(link, code=self.code(codes), now_us=self.now)
        return account.principal(method="password", authenticated_us=self.now), codes

    def code(self, codes):
        return codes.at(self.now // S)

    def sign_in(self, authenticator, **lies):
        options = self.gate.passkeys.sign_in_options(now_us=self.now)
        return self.gate.passkeys.sign_in(authenticator.get(options, **lies), now_us=self.now)
