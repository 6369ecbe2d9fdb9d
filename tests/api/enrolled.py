"""Enrols people in a workspace by password and one-time code, for tests, benches and a look.

`python -m tests.api.enrolled WORKSPACE [PORT]` prints handle, password, one-time key's address and
a session cookie for a console on that port. The workspace's console may run meanwhile or not.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyotp

from fairlead.app.api.doorway import COOKIE
from fairlead.app.api.rooms import open_rooms, site_of
from fairlead.app.config import Settings

PASSWORD = "harbour kettle lantern 42 drift"


@dataclass(frozen=True)
class Person:
    account_id: str
    handle: str
    totp: pyotp.TOTP
    cookie: str
    csrf: str

    @property
    def headers(self):
        return {"Cookie": f"{COOKIE}={self.cookie}", "X-CSRF": self.csrf}


def now_us():
    return time.time_ns() // 1000


def enrol(rooms, link, handle):
    """Follow a one-time link with a password; the person with a session."""
    gate = rooms.gate
    uri = gate.enrolment.password(link, handle=handle, password=PASSWORD, now_us=now_us())
    totp = pyotp.parse_uri(uri)
    account = gate.enrolment.add_password(link, code=totp.now(), now_us=now_us())
    session = gate.sessions.start(account, method="password", now_us=now_us())
    return Person(account.account_id, handle, totp, session.token, session.csrf)


def first_administrator(rooms, markings=()):
    link = rooms.gate.enrolment.first_link(now_us=now_us(), markings=list(markings))
    return enrol(rooms, link, "first")


def another(rooms, by, handle, roles, markings=()):
    """An account made by an administrator, enrolled."""
    principal = rooms.gate.sessions.of(by.cookie, now_us=now_us()).principal
    made = rooms.gate.accounts.create(
        handle=handle, roles=roles, markings=markings, by=principal, now_us=now_us()
    )
    link = rooms.gate.enrolment.link_for(made.account_id, by=principal, now_us=now_us())
    return enrol(rooms, link, handle)


def enrolled_headers(folder, port):
    """Headers of the first administrator's session, of a workspace nobody has enrolled in."""
    rooms = open_rooms(Settings(workspace=folder), site_of(port, ()), now_us())
    try:
        return first_administrator(rooms).headers
    finally:
        rooms.close()


def main(folder, port):
    settings = Settings(workspace=folder)
    rooms = open_rooms(settings, site_of(port, ()), now_us())
    person = first_administrator(rooms)
    uri = person.totp.provisioning_uri()
    told = {"handle": person.handle, "password": PASSWORD, "totp_uri": uri}
    told |= {"cookie": f"{COOKIE}={person.cookie}", "csrf": person.csrf}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    rooms.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8480)
