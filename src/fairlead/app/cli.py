"""The command line: one program, a small set of verbs.

Exit codes: 0 done; 1 unexpected failure; 2 wrong argument or setting; 3 a source cannot be read or
an output cannot be written; 4 a person may not do this; 5 the workspace cannot be used; 6 the
ledger or a proof from it is broken; 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from fairlead import __version__
from fairlead.schema.errors import FairleadError

_VERBS = {
    "run": "read sources, run every step, print the leads",
    "decode": "AIS sentences to Parquet, CSV or JSON lines, nothing else",
    "show": "a table, or an SQL query of the tables",
    "why": "the whole chain under a lead, event or observation, down to the raw bytes",
    "review": "decide on a lead: approve, reject, need_more, snooze or reopen it",
    "verify": "check the whole ledger, or one proof from it, offline",
    "console": "the web console and its interface, with the watch in the same process",
    "refer": "write, sign and send referrals, as somebody who signs in",
    "simulate": "write a seeded sea with its truth",
    "demo": "watch a simulated strait, print its leads, open the console on it",
}

_EPILOG = """exit codes: 0 done, 1 unexpected failure, 2 wrong argument or setting, 3 source or
output file, 4 refused, 5 workspace, 6 broken ledger or proof, 130 interrupted (start again to
resume)"""


def parser() -> argparse.ArgumentParser:
    """The whole command line; the verbs' modules are loaded only when they run."""
    top = argparse.ArgumentParser(
        prog="fairlead",
        description="Maritime domain awareness in the open: from raw bytes to explained leads.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"fairlead {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, doc in _VERBS.items():
        sub = verbs.add_parser(verb, help=doc, description=doc[0].upper() + doc[1:] + ".")
        _ADDERS[verb](sub)
        sub.add_argument("--json", action="store_true", help="one JSON object as the last line")
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return top


def _workspace(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--workspace", metavar="DIR", help="folder of all state [fairlead-data]")
    sub.add_argument("--config", metavar="FILE", help="settings [WORKSPACE/fairlead.toml]")


def _flow(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--reference", metavar="DIR", help="folder with ports, anchorages and land")
    sub.add_argument("--watchlists", metavar="PATH", nargs="+", help="list files or folders")
    sub.add_argument("--zones", metavar="FILE", nargs="+", help="GeoJSON of dated polygons")
    sub.add_argument("--at-most", metavar="N", type=int, help="alert budget per watch [10]")
    sub.add_argument("--watch-h", metavar="H", type=int, help="length of a watch in hours [24]")


def _add_run(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        help="file, glob, - (standard input), tcp://HOST:PORT, tcp-listen://HOST:PORT, "
        "udp://HOST:PORT",
    )
    _workspace(sub)
    _flow(sub)
    _reading(sub)
    sub.add_argument("--follow", action="store_true", help="keep on reading: feeds, growing files")
    sub.add_argument(
        "--dry-run", metavar="FILE", help="run again with these settings, show what would differ"
    )


def _add_console(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "sources", metavar="SOURCE", nargs="*", help="what to read meanwhile, as with `run`"
    )
    _workspace(sub)
    _flow(sub)
    _reading(sub)
    sub.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="[127.0.0.1]")
    sub.add_argument("--port", metavar="N", type=int, default=8480, help="[8480]")
    sub.add_argument("--open", action="store_true", help="open it in the browser")
    sub.set_defaults(follow=True)


def _reading(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--format", choices=["nmea", "csv", "jsonl", "parquet"], help="say the format")
    sub.add_argument("--mapping", metavar="FILE", help="TOML that maps a CSV's header")
    sub.add_argument("--assume-time", metavar="TIME", help="time of the first unstamped sentence")


def _add_decode(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("sources", metavar="IN", nargs="+", help="NMEA file, glob or -")
    sub.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help="OUT.parquet, OUT.csv, OUT.jsonl, or - for JSON lines",
    )
    sub.add_argument("--rejects", metavar="FILE", help="write what was refused here (JSON lines)")
    sub.add_argument("--assume-time", metavar="TIME", help="time of the first unstamped sentence")


def _add_show(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("table", metavar="TABLE|SQL", help="leads, events, ... or a SELECT")
    _workspace(sub)
    sub.add_argument(
        "--format", default="table", choices=["table", "csv", "json", "geojson", "parquet"]
    )
    sub.add_argument("-o", "--output", metavar="FILE", help="write here instead of the terminal")
    sub.add_argument("--since", metavar="TIME", help="from this time on")
    sub.add_argument("--until", metavar="TIME", help="before this time")
    sub.add_argument("--bbox", metavar="W,S,E,N", help="degrees; W above E crosses 180")
    sub.add_argument("--vessel", metavar="MMSI", type=int, help="rows of one identity")
    sub.add_argument("--kind", metavar="KIND", help="events of one kind")
    sub.add_argument("--limit", metavar="N", type=int, help="rows in a table view [50], 0 for all")


def _add_why(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("id", metavar="ID", help="id of a lead, event, link or observation")
    _workspace(sub)


def _add_review(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("id", metavar="LEAD", help="id of the lead")
    sub.add_argument("verdict", choices=["approve", "reject", "need_more", "snooze", "reopen"])
    sub.add_argument("--until", metavar="TIME", help="end of a snooze")
    sub.add_argument("--digest", metavar="HEX", help="of the version looked at [the present one]")
    sub.add_argument("--reason", required=True, help="why, for whoever reads it later")
    _workspace(sub)


def _add_verify(sub: argparse.ArgumentParser) -> None:
    _workspace(sub)
    sub.add_argument("--proof", metavar="FILE", help="check this proof, or dossier with one, alone")
    sub.add_argument("--dossier", metavar="FILE", help="check this dossier's JSON file alone")
    sub.add_argument(
        "--checkpoint", metavar="FILE", action="append", help="one kept elsewhere must agree"
    )
    sub.add_argument(
        "--witness", metavar="DIR", action="append", help="a mirror's checkpoint and tiles too"
    )
    sub.add_argument(
        "--vkey",
        metavar="KEY|FILE",
        action="append",
        help="verifier key to trust, of the ledger or of a witness [the workspace's]",
    )


def _add_refer(sub: argparse.ArgumentParser) -> None:
    acts = ["sign-in", "sign-out", "list", "show", "draft", "freeze", "approve", "send"]
    acts += ["withdraw", "stop"]
    sub.add_argument("act", choices=acts, help="what to do")
    sub.add_argument(
        "id", metavar="ID", nargs="?", help="the referral; the lead of a draft; who signs in"
    )
    kinds = ["inspection", "search_and_rescue", "sanctions_alert", "information"]
    sub.add_argument("--kind", choices=kinds, default="information", help="[information]")
    sub.add_argument("--to", metavar="RECIPIENT", help="id of the recipient of a draft")
    sub.add_argument("--note", metavar="TEXT", default="", help="words of the author, or a reason")
    sub.add_argument("--digest", metavar="HEX", help="of exactly what was looked at")
    sub.add_argument("--purpose", metavar="TEXT", default="", help="what an approval is for")
    _workspace(sub)


def _add_simulate(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("scenario", metavar="SCENARIO", nargs="?", default="strait")
    sub.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write")
    sub.add_argument("--seed", type=int, default=1)
    sub.add_argument("--hours", type=float, help="length of the sea's time")
    sub.add_argument("--clean", action="store_true", help="no planted behaviour")
    sub.add_argument("--vessels", type=int, help="traffic only: number of vessels")
    sub.add_argument("--positions", type=int, help="traffic only: number of positions")


def _add_demo(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--once", action="store_true", help="print the leads and exit: no console")
    sub.add_argument("--seed", type=int, default=1)
    sub.add_argument("--port", metavar="PORT", type=int, default=8480, help="the console's [8480]")
    _workspace(sub)
    sub.add_argument("--at-most", metavar="N", type=int, help="alert budget per watch [10]")


_ADDERS = {
    "run": _add_run,
    "decode": _add_decode,
    "show": _add_show,
    "why": _add_why,
    "review": _add_review,
    "verify": _add_verify,
    "console": _add_console,
    "refer": _add_refer,
    "simulate": _add_simulate,
    "demo": _add_demo,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    given = parser().parse_args(arguments)
    module = importlib.import_module(f"fairlead.app.verbs.{given.verb}")
    try:
        answer = module.main(given)
    except FairleadError as error:
        if given.debug:
            raise
        return _fail(given, error.message, error.help, error.exit_code)
    except KeyboardInterrupt:
        help = "run the same command to resume"
        return _fail(given, "interrupted; what was committed is kept", help, 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last door: no traceback for an officer
        if given.debug:
            raise
        return _fail(given, *_said(error), 1)
    if given.json and answer is not None:
        print(json.dumps(answer, sort_keys=True), flush=True)
    return (answer or {}).get("exit_code", 0)


def _said(error: Exception) -> tuple[str, str]:
    """What went wrong and what to do about it, of an error that is not ours."""
    if "no locator available" in str(error):
        message = "compiled kernels can be kept neither beside the program nor in the home folder"
        return message, "set NUMBA_CACHE_DIR to a folder that only you can write"
    what = f"unexpected {type(error).__name__}: {error}"
    return what, "run again with `--debug` and report what it prints"


def _fail(given: argparse.Namespace, message: str, help: str, exit_code: int) -> int:
    from fairlead.app.words import plain

    print(f"error: {plain(message)}", file=sys.stderr)
    if help:
        lines = "\n".join(plain(line) for line in help.split("\n"))
        print(f"help: {lines}", file=sys.stderr)
    if given.json:
        failure: dict[str, Any] = {
            "ok": False,
            "error": message,
            "help": help,
            "exit_code": exit_code,
        }
        print(json.dumps(failure, sort_keys=True), flush=True)
    return exit_code
