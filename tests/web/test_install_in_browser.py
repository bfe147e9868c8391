"""The portal can be put on a phone's home screen, under a name and a sign that tell nobody anything."""

import json

import pytest

from tests.support import live

pytestmark = pytest.mark.browser


def test_a_phone_can_install_it_from_the_first_page_and_from_home(city, chromium, address):
    with live.visiting(chromium, city, address, city.siti, language="id") as context:
        page = context.new_page()
        for path in ("/", "/masuk"):
            page.goto(address + path)
            asked = context.new_cdp_session(page)

            manifest = asked.send("Page.getAppManifest")

            said = json.loads(manifest["data"])
            assert manifest["errors"] == []
            assert hindrances(asked) == set(), path
            assert said["name"] == said["short_name"] == "Catatan Kader"
            assert page.request.get(address + said["icons"][0]["src"]).status == 200
        page.goto(address + "/bantuan")  # one request less; and the question asked above can be answered with no
        assert hindrances(context.new_cdp_session(page)) == {"no-manifest"}


def hindrances(asked):
    """What Chromium has against installing the page; a test's own profile is no matter of ours."""
    said = asked.send("Page.getInstallabilityErrors")["installabilityErrors"]
    return {one["errorId"] for one in said} - {"in-incognito"}
