"""Lists: totals, cursors, tags, formats, and what is refused."""

import io

import pyarrow as pa
import pytest
import zstandard

LISTS = (
    "/leads?state=all",
    "/leads/vanished",
    "/events",
    "/vessels",
    "/ports",
    "/rules",
    "/labels",
    "/decisions",
)


@pytest.mark.parametrize("path", LISTS)
def test_pages_together_are_the_list(api, path):
    joint = "&" if "?" in path else "?"
    whole = api.get(f"{path}{joint}limit=10000").json()
    assert whole["next"] is None
    assert len(whole["items"]) == whole["total"]
    items, cursor = [], ""
    while cursor is not None and len(items) < 60:
        page = api.get(f"{path}{joint}limit=17{cursor and '&cursor=' + cursor}").json()
        assert page["total"] == whole["total"]
        items += page["items"]
        cursor = page["next"]
    assert items == whole["items"][: len(items)]


def test_a_cursor_of_another_list_or_person_is_refused(api, outside):
    following = api.get("/events?limit=1").json()["next"]
    assert outside.get(f"/events?cursor={following}").status_code == 410
    answer = api.get("/events?cursor=0123.5")
    assert answer.status_code == 410
    assert answer.json()["reason"] == "stale_cursor"


def test_a_tag_spares_the_body(api):
    first = api.get("/leads")
    again = api.get("/leads", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


def test_large_answers_are_pressed(api):
    answer = api.get("/events", headers={"Accept-Encoding": "zstd"})
    assert answer.headers["content-encoding"] == "zstd"
    plain = api.get("/events", headers={"Accept-Encoding": "identity"})
    packed = api.build_request("GET", "/events", headers={"Accept-Encoding": "zstd"})
    raw = b"".join(api.send(packed, stream=True).iter_raw())
    assert zstandard.ZstdDecompressor().decompressobj().decompress(raw) == plain.content


@pytest.mark.parametrize("path", ["/picture", "/events", "/leads?state=all", "/coverage"])
def test_arrow_and_geojson_hold_all_rows(api, path):
    joint = "&" if "?" in path else "?"
    total = api.get(f"{path}").json()["total"]
    answer = api.get(f"{path}{joint}format=arrow")
    with pa.ipc.open_stream(io.BytesIO(answer.content)) as reader:
        assert reader.read_all().num_rows == total == int(answer.headers["x-total"])
    drawn = api.get(f"{path}{joint}format=geojson").json()
    assert drawn["total"] == len(drawn["features"]) == total


REFUSED = (
    ("/events?bogus=1", 400),
    ("/events?limit=ten", 400),
    ("/events?limit=-1", 400),
    ("/events?bbox=1,2,3", 400),
    ("/events?bbox=nan,0,0,0", 400),
    ("/events?bbox=inf,0,0,0", 400),
    ("/status?x=", 400),
    ("/vessels/abc", 404),
    ("/vessels/99999999999999999999", 404),
    ("/vessels/7", 404),
    ("/leads/none", 404),
    ("/events/none", 404),
    ("/density/99/0/0", 404),
    ("/density/2/9/0", 404),
    ("/nothing", 404),
    ("/replay?since_us=5&until_us=1", 400),
    ("/replay?since_us=0&until_us=9000000000000000000&step_s=1", 400),
)


@pytest.mark.parametrize(("path", "status"), REFUSED)
def test_what_is_not_understood_is_said_in_one_shape(api, path, status):
    answer = api.get(path)
    assert answer.status_code == status
    assert {"error", "help", "reason"} <= answer.json().keys()


def test_a_method_that_is_not_there_names_those_that_are(api):
    answer = api.put("/status")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
