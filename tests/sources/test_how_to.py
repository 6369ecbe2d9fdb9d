"""The page that says how to add a source: its code runs and keeps the law."""

import dataclasses
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from fairlead.observations.archives.mapping import MEANINGS, HeaderMapping, parse_mapping
from fairlead.schema.source import Cursor, Source
from fairlead.sources.blocks import Rows, add_records
from tests.sources.feeds import bytes_of

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-source.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


def test_the_source_of_the_page_resumes(tmp_path):
    names = {
        "dataclass": dataclasses.dataclass, "Path": Path, "Iterator": Iterator, "pa": pa,
        "Cursor": Cursor, "Rows": Rows, "add_records": add_records,
    }  # fmt: skip
    exec(block("python"), names)  # the page's own code
    for k in range(4):
        (tmp_path / f"{k}").write_bytes(b"!AIVDM,%d\n" % k * 3)
    source = names["Spool"]("spool", tuple(sorted(tmp_path.iterdir())), 0)
    assert isinstance(source, Source)
    whole = list(source.read(Cursor()))
    assert len(whole) == 4
    for k, (_, cursor) in enumerate(whole):
        rest = [bytes_of(rows) for rows, _ in source.read(cursor)]
        assert rest == [bytes_of(rows) for rows, _ in whole[k + 1 :]]


def test_the_mapping_of_the_page_is_one():
    assert parse_mapping(block("toml")).columns["mmsi"] == ("Ship",)
    assert tomllib.loads(block("toml"))["time_format"] == "month_first"


def test_the_page_names_every_key_and_every_meaning():
    keys = {f.name for f in dataclasses.fields(HeaderMapping)} - {"columns", "name"}
    assert [k for k in sorted(keys | set(MEANINGS)) if f"`{k}`" not in PAGE] == []
