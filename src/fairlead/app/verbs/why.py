"""`fairlead why`: the whole chain under an answer, down to the raw bytes."""

from __future__ import annotations

import argparse
from typing import Any

from fairlead.app import config
from fairlead.app.chain import Chain, print_chain
from fairlead.app.flow import INLETS
from fairlead.engines.embedded import EmbeddedEngine


def main(given: argparse.Namespace) -> dict[str, Any] | None:
    settings = config.load(config.path_of(given.config), config.flags(given))
    engine = EmbeddedEngine(settings.workspace, inlets=INLETS, writable=False)
    try:
        tree = Chain(engine).under(given.id)
    finally:
        engine.close()
    if not given.json:
        print_chain(tree)
    return tree
