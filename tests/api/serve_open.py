"""`python -m tests.api.serve_open WORKSPACE [PORT]`: the interface without access, to look at."""

import sys
import time
from pathlib import Path

from fairlead.app.api.server import Background, names_of
from fairlead.app.api.service import Service
from fairlead.app.config import Settings
from fairlead.engines.picture import History
from tests.api.open_entry import OpenEntry


def main(folder: Path, port: int) -> None:
    service = Service(
        settings=Settings(workspace=folder),
        history=History(folder),
        entry=OpenEntry(),
        now_us=lambda: time.time_ns() // 1000,
        hosts=names_of("127.0.0.1", port, ()),
        notice=lambda text: sys.stderr.write(text + "\n"),
    )
    service.start()
    Background(service, "127.0.0.1", port)
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8480)
