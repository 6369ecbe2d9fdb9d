"""What the endpoints share: the picture, the hub, the stores, and who may see what."""

from __future__ import annotations

import hashlib
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from fairlead.app.api.board import board_of
from fairlead.app.api.buckets import Buckets
from fairlead.app.api.entry import Entry
from fairlead.app.api.feeds import Feeds
from fairlead.app.api.hub import Client, Hub, message
from fairlead.app.api.lists import Listing
from fairlead.app.api.picture import NOUNS, Picture, View, picture_of
from fairlead.app.api.positions import LastPositions
from fairlead.app.api.pyramid import Pyramids
from fairlead.app.config import Settings
from fairlead.engines.picture import History
from fairlead.review.access.markings import MarkingRules
from fairlead.schema.decisions import Decision
from fairlead.schema.ledger import LedgerKind
from fairlead.schema.tables import LEADS

VIEWS_KEPT = 12
LISTS_KEPT = 128
PEOPLE_KEPT = 16
REFRESH_S = 0.7


@dataclass(eq=False)
class Service:
    """`entry` says who calls; `rooms` are the stores of people's words, by name."""

    settings: Settings
    history: History
    entry: Entry
    now_us: Callable[[], int]
    rooms: dict[str, Any] = field(default_factory=dict)
    hub: Hub = field(default_factory=Hub)
    feeds: Feeds = field(default_factory=Feeds)
    last: LastPositions = field(default_factory=LastPositions)
    hosts: frozenset[str] = frozenset()
    is_secure: bool = False
    notice: Callable[[str], None] = lambda _: None
    started_us: int = 0

    def __post_init__(self) -> None:
        self.started_us = self.now_us()
        self._picture: Picture | None = None
        self._views: OrderedDict[tuple[int, bytes], View] = OrderedDict()
        self._lists: OrderedDict[str, Listing] = OrderedDict()
        self._lock = threading.Lock()
        self._words: list[Decision] | None = None
        self._n_words = 0
        self.pyramids = Pyramids()
        self._recent: OrderedDict[Any, None] = OrderedDict()
        self._stop = threading.Event()
        self.buckets = Buckets()
        self._thread: threading.Thread | None = None
        marked = self.settings.markings
        self.rules = MarkingRules(of_pattern=marked, otherwise=None if marked else ())

    def failed(self, path: str) -> None:
        """Something of ours broke: for whoever runs the program, never for the caller."""
        self.notice(f"{path}: {traceback.format_exc(limit=-6)}")

    def refused(self, principal: Any, action: str, now_us: int) -> None:
        """What a guard refuses is in the ledger."""
        ledger = self.rooms.get("ledger")
        if ledger is not None:
            body = {"act": action, "reason": "denied"}
            ledger.append_now(LedgerKind.REFUSED, now_us, principal.account_id, body)

    def rules_changed(self) -> None:
        """The watch, if there is one here, settles with the changed rules from now on."""
        apply = self.rooms.get("apply_rules")
        if apply is not None:
            apply()

    def tell_decided(self, lead_id: str) -> None:
        """Tell those who may see a lead that someone's word on it came."""
        picture = self.picture

        def of_client(client: Client) -> bytes | None:
            seen = self.client_sees(client, picture)
            return message("leads", {"changed": [lead_id]}) if lead_id in seen else None

        self.hub.announce(of_client)

    @property
    def words(self) -> int:
        """Changes with every decision."""
        return self._n_words

    def decisions_made(self) -> tuple[list[Decision], int]:
        """Every word people said, oldest first, and a number that changes with them."""
        with self._lock:
            if self._words is None:
                decisions = self.rooms.get("decisions")
                self._words = [] if decisions is None else decisions.every()
            return self._words, self._n_words

    def decided(self) -> None:
        """A word was added."""
        with self._lock:
            self._words = None
            self._n_words += 1

    def start(self) -> None:
        """Read the workspace once, then keep up with it in a thread."""
        self._refresh()
        self._thread = threading.Thread(target=self._keep_up, name="fairlead-picture", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _keep_up(self) -> None:
        while not self._stop.wait(REFRESH_S):
            self._refresh()
            self.feeds.look(self.now_us())

    def _refresh(self) -> None:
        if not self.history.refresh() or self.history.stored is None:
            return
        before = self._picture
        stored = self.history.stored
        if before is None or before.stored.last is not stored.last:
            self.last.add(stored.last)
        picture = picture_of(self.history, stored, self.rules)
        self._prepare(picture)
        self._picture = picture
        if before is not None:
            self._tell(before, self._picture)

    def _prepare(self, picture: Picture) -> None:
        """Make ready what those who called of late will ask for, before they see the picture."""
        with self._lock:
            principals = list(self._recent)
        prepared = set()
        for principal in principals:
            view = self._view_of(picture, principal)
            if view.key not in prepared:
                prepared.add(view.key)
                view.prepare()
                self.pyramids.of(view)
                board_of(view, self, None, self.now_us())

    def _tell(self, before: Picture, after: Picture) -> None:
        """Tell each client what changed of what it may see."""
        told = message("settled", {"settled_us": after.stored.settled_us})
        self.hub.announce(lambda _: told)
        old, new = _digests(before), _digests(after)
        changed = {i for i in old.keys() | new.keys() if old.get(i) != new.get(i)}
        if not changed:
            return

        def of_client(client: Client) -> bytes | None:
            seen = self.client_sees(client, before, after)
            mine = sorted(changed & seen)
            return message("leads", {"changed": mine}) if mine else None

        self.hub.announce(of_client)

    def client_sees(self, client: Client, *pictures: Picture) -> set[str]:
        """The leads of some pictures that the account of a stream may see."""
        principal = client.principal
        seen: set[str] = set()
        for picture in pictures:
            seen.update(self._view_of(picture, principal).row_of[LEADS.name])
        return seen

    @property
    def picture(self) -> Picture:
        assert self._picture is not None, "start() reads the first picture"
        return self._picture

    def view_for(self, principal: Any, action: str = "see") -> View:
        with self._lock:
            self._recent[principal] = None
            self._recent.move_to_end(principal)
            while len(self._recent) > PEOPLE_KEPT:
                self._recent.popitem(last=False)
        return self._view_of(self.picture, principal, action)

    def _view_of(self, picture: Picture, principal: Any, action: str = "see") -> View:
        row_filter = self.entry.row_filter(principal, action)
        seen = {}
        for noun in (*NOUNS.values(), "position"):
            kind = pa.array([noun] * picture.demands.num_rows, pa.string())
            seen[noun] = np.asarray(row_filter.mask(picture.demands.append_column("kind", kind)))
        packed = b"".join(mask.tobytes() for mask in seen.values())
        key = (picture.stored.number, packed)
        with self._lock:
            view = self._views.get(key)
            if view is None:
                named = hashlib.blake2b(packed, digest_size=8).hexdigest()
                view = View(picture, seen, f"{picture.stored.number}-{named}")
                self._views[key] = view
                while len(self._views) > VIEWS_KEPT:
                    self._views.popitem(last=False)
            self._views.move_to_end(key)
        return view

    def keep_list(self, token: str, listing: Listing) -> None:
        with self._lock:
            self._lists[token] = listing
            self._lists.move_to_end(token)
            while len(self._lists) > LISTS_KEPT:
                self._lists.popitem(last=False)

    def kept_list(self, token: str) -> Listing | None:
        with self._lock:
            return self._lists.get(token)


def _digests(picture: Picture) -> dict[str, str]:
    leads = picture.stored.table(LEADS)
    return dict(zip(leads["lead_id"].to_pylist(), leads["digest"].to_pylist(), strict=True))
