"""Which format the first bytes are in."""

import pytest

from fairlead.schema.errors import SourceError
from fairlead.sources.sniff import recognise

CASES = [
    (b"!AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0*4A\r\n", "nmea"),
    (b"\\s:rORBCOMM,c:1426032000*31\\!AIVDM,1,1,,A,1,0*4A\n", "nmea"),
    (b"1443650402 !AIVDM,1,1,,A,1,0*4A\n", "nmea"),
    (b"$PGHP,1,2015,9,30,22,0,2,0,219,,2190047,1,6D*2C\n", "nmea"),
    (b"", "nmea"),
    (b'{"class":"AIS","mmsi":1}\n', "jsonl"),
    (b"PAR1\x15\x04", "parquet"),
    (b"MMSI,BaseDateTime,LAT,LON\n1,2,3,4\n", "csv"),
    (b"mmsi;lon;lat;date_time_utc\n1;2;3;4\n", "csv"),
    (b"# Timestamp,Type of mobile,MMSI,Latitude\n", "csv"),
    ("Zeit,MMSI,Länge,Breite\n".encode("latin-1"), "csv"),
]


@pytest.mark.parametrize(("head", "format"), CASES)
def test_formats(head, format):
    assert recognise(head, "feed").format == format


@pytest.mark.parametrize(
    "head",
    [
        bytes(range(256)),
        b"\x00" * 100,
        b"hello world\n",
        b"1,2,3,4\n5,6,7,8\n",
        b"<gpx></gpx>",
        b'[{"mmsi":1,"lat":2,"lon":3,"t":4}]',
    ],
)
def test_what_is_not_recognised_is_shown_and_helped(head):
    with pytest.raises(SourceError, match="in no format known here") as error:
        recognise(head, "feed")
    assert str(error.value).isascii()
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400
    assert "--format" in error.value.help
    assert "--mapping" in error.value.help


def test_a_format_given_is_taken():
    assert recognise(b"whatever", "feed", format="nmea").format == "nmea"
    with pytest.raises(SourceError, match="`kml` is not a format"):
        recognise(b"", "feed", format="kml")


def test_columns_are_described_by_whom_knows_them():
    found = recognise(b"a,b,c\n1,2,3\n", "feed", describe=lambda f, h: f"{f} of {h.decode()}")
    assert found.sentence == "csv of a,b,c"
