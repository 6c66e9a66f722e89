"""Tags over the API: given once by name, listed, taken away, and asked for in the list of donors."""

from __future__ import annotations

from donorhub.models import Donor
from tests.api.conftest import Caller, dump, problem


def test_tag_gathers_its_donors(api: Caller, donor: Donor) -> None:
    """A tag is given once, filters the list of donors, and is gone when it is taken away."""
    other = api.post("/donors", {"name": "Besnik"}).get_json()["id"]
    path = f"/donors/{donor.id}/tags"
    first = api.post(path, {"name": "Major donor"})
    again = api.post(path, {"name": "major DONOR"})
    tag_id = first.get_json()["id"]
    assert (first.status_code, again.status_code, again.get_json()) == (201, 200, first.get_json())
    api.post(f"/donors/{other}/tags", {"name": "Board"})
    assert [tag["name"] for tag in api.get("/tags").get_json()["data"]] == ["Board", "Major donor"]
    assert [tag["name"] for tag in api.get(path).get_json()["data"]] == ["Major donor"]
    assert [row["id"] for row in api.get(f"/donors?tag_id={tag_id}").get_json()["data"]] == [donor.id]
    assert api.get(f"/donors?tag_id={tag_id}&q=besnik").get_json()["data"] == []
    assert api.post(f"{path}/{tag_id}/remove", {}).get_json() == {"data": []}
    before = dump()
    assert api.post(f"{path}/{tag_id}/remove", {}, key=None).get_json() == {"data": []}
    assert dump() == before
    assert api.get(f"/donors?tag_id={tag_id}").get_json()["data"] == []


def test_what_is_no_tag_is_refused(api: Caller, donor: Donor) -> None:
    """A name that is empty, too long or without a word is refused, and nothing is made."""
    before = dump()
    for name in ("", "x" * 61, "…"):
        assert problem(api.post(f"/donors/{donor.id}/tags", {"name": name}))["status"] == 422, name
    assert problem(api.post(f"/donors/{donor.id}/tags/4711/remove", {}))["status"] == 404
    assert problem(api.post("/donors/4711/tags", {"name": "x"}))["status"] == 404
    assert dump() == before
