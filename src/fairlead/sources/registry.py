"""From what a user writes to sources: paths, patterns, `-` and addresses."""

from __future__ import annotations

import glob
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import BinaryIO

from fairlead.schema.errors import ConfigError, SourceError
from fairlead.schema.source import Source
from fairlead.sources.files import FileSource, open_file, unreadable
from fairlead.sources.live import host_and_port
from fairlead.sources.sniff import FORMATS, Describe, described, recognise
from fairlead.sources.streams import Stream, foreign_within

ENTRY_POINTS = "fairlead.sources"


@dataclass(frozen=True, slots=True)
class Options:
    """What a source may need to know beyond its address.

    `received_us` is the time given to the records of a file that state none: by default the time
    the file was last written. `notice` takes sentences for the user, such as the format found.
    """

    now_us: Callable[[], int]
    format: str | None = None
    describe: Describe | None = None
    notice: Callable[[str], None] = lambda _: None
    received_us: Callable[[Path], int] = lambda path: path.stat().st_mtime_ns // 1000
    hold_partial: bool = False
    stdin: BinaryIO | None = None


Opener = Callable[[str, Options], list[Source]]


def files(argument: str, options: Options) -> list[Source]:
    """A path, or a pattern whose matches are each a source, in sorted order."""
    path = Path(argument)
    if glob.has_magic(argument) and not path.exists():
        found = sorted(p for p in glob.glob(argument, recursive=True) if not Path(p).is_dir())
        if not found:
            message = f"no file matches {argument}"
            raise SourceError(message, help="check the pattern")
        return [_file(Path(p), options) for p in found]
    return [_file(path, options)]


def _file(path: Path, options: Options) -> Source:
    with open_file(path) as file:
        try:
            stream = Stream(file)
            received_us = options.received_us(path)
        except OSError as error:
            raise unreadable(path, error) from error
        foreign = stream.foreign or foreign_within(stream)
        if foreign:
            message = f"{path} is {foreign}"
            raise SourceError(message, help="unpack it first; gzip and zstd are read as they are")
        is_parquet = options.format is None and stream.head.startswith(b"PAR1")
        if is_parquet or options.format == "parquet":
            if stream.compression:
                message = f"{path} is Parquet within {stream.compression}"
                raise SourceError(message, help="unpack it first: Parquet is compressed within")
            return _parquet(path, received_us, options)
        found = recognise(stream.head, str(path), format=options.format, describe=options.describe)
    packed = f", {stream.compression}" if stream.compression else ""
    options.notice(f"{path}: {found.sentence}{packed}")
    grows = options.hold_partial and not stream.compression
    return FileSource(str(path), path, found.format, received_us, hold_partial=grows)


def _parquet(path: Path, received_us: int, options: Options) -> Source:
    from fairlead.sources.parquet import ParquetSource, opened

    with open_file(path) as file:
        schema = opened(file, path).schema_arrow
    header = ",".join(schema.names).encode()
    sentence = f"Parquet, {len(schema.names)} columns"
    if options.describe:
        sentence = described(options.describe, "parquet", header, str(path))
    options.notice(f"{path}: {sentence}")
    return ParquetSource(str(path), path, received_us)


def stdin(_: str, options: Options) -> list[Source]:
    from fairlead.sources.stdin import StdinSource

    return [
        StdinSource(
            "-",
            options.stdin or sys.stdin.buffer,
            options.now_us,
            options.format,
            options.describe,
            options.notice,
        )
    ]


def _live(kind: type, scheme: str) -> Opener:
    def opener(argument: str, options: Options) -> list[Source]:
        host, port = host_and_port(argument.removeprefix(f"{scheme}://"), scheme)
        if options.format not in (None, "nmea", "jsonl"):
            message = f"{argument} cannot carry {options.format}"
            raise ConfigError(message, help="network feeds carry nmea or jsonl")
        return [kind(argument, host, port, options.now_us, options.format, options.notice)]

    return opener


def tcp(argument: str, options: Options) -> list[Source]:
    from fairlead.sources.tcp import TcpClient

    return _live(TcpClient, "tcp")(argument, options)


def tcp_listen(argument: str, options: Options) -> list[Source]:
    from fairlead.sources.tcp import TcpServer

    return _live(TcpServer, "tcp-listen")(argument, options)


def udp(argument: str, options: Options) -> list[Source]:
    from fairlead.sources.udp import Udp

    return _live(Udp, "udp")(argument, options)


SOURCES: Mapping[str, Opener] = {
    "file": files,
    "-": stdin,
    "tcp": tcp,
    "tcp-listen": tcp_listen,
    "udp": udp,
}
"""How each kind of argument is opened: by scheme, `-` for standard input, `file` for the rest."""


def open_sources(args: Sequence[str], options: Options) -> list[Source]:
    """The sources that arguments name, each once.

    Files are opened and recognised here, so that a mistake is told before anything runs; nothing
    is read of network feeds yet. Raises SourceError or ConfigError.
    """
    if options.format is not None and options.format not in FORMATS:
        message = f"`{options.format}` is not a format"
        raise ConfigError(message, help=f"pass one of --format {', '.join(FORMATS)}")
    sources: dict[str, Source] = {}
    for argument in args:
        for source in _opener(argument)(argument, options):
            sources.setdefault(source.name, source)
    return list(sources.values())


def _opener(argument: str) -> Opener:
    if argument == "-":
        return SOURCES["-"]
    scheme, found, rest = argument.partition("://")
    if not found:
        return SOURCES["file"]
    if scheme == "file":
        return lambda _, options: files(rest, options)
    if scheme in SOURCES:
        return SOURCES[scheme]
    others = {e.name: e for e in entry_points(group=ENTRY_POINTS)}
    if scheme in others:
        return others[scheme].load()
    known = ", ".join(sorted({*SOURCES, *others} - {"-", "file"}))
    message = f"no source reads `{scheme}://`"
    raise ConfigError(message, help=f"known are paths, patterns, `-`, and {known}")
