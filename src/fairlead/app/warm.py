"""`python -m fairlead.app.warm`: compile every kernel once, at set-up, on a small simulated sea."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    from fairlead.app import config
    from fairlead.app.api.kernels import load_for_interface
    from fairlead.app.flow import INLETS, build, ingest
    from fairlead.engines.embedded import EmbeddedEngine
    from fairlead.simulate import simulate
    from fairlead.sources.registry import Options, open_sources

    started = time.monotonic()
    print("compiling the kernels, once: a few minutes", file=sys.stderr, flush=True)
    load_for_interface()
    with tempfile.TemporaryDirectory(prefix="fairlead-warm-") as folder:
        sea = simulate("strait", 1, 6.0, Path(folder) / "sea", report_every_s=60.0)
        settings = config.load(
            None, {"workspace": folder, "zones": [sea.zones], "watchlists": [sea.watchlists]}
        )
        flow = build(settings)
        engine = EmbeddedEngine(Path(folder) / "state", inlets=INLETS)
        try:
            for source in open_sources([str(sea.nmea)], Options(now_us=lambda: 0)):
                ingest(engine, source, flow.decoders)
            engine.run(flow.steps)
        finally:
            engine.close()
    print(f"kernels compiled in {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
