"""However much is logged, and whatever breaks, no log ever quotes what somebody wrote, knows or carries."""

import logging

import pyotp
import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.conftest import signed_in
from tests.support import canary, walk
from tests.support.pages import Browser

ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def logged(caplog):
    """All that is logged, at the level that tells most, with its tracebacks. (sqlalchemy's own loggers stay as its
    package sets them: they follow no other.)"""
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(logging.Formatter("%(name)s %(message)s").format(record) for record in caplog.records)


def addresses(city, made, method):
    values = {"code": [walk.codes(city, made)[1]], "filename": ["app.css"], "kind": ["role"],
              "referral_id": [walk.referral_of(city, made["referred"])], "account_id": [city.siti.account_id],
              **{name: [ABSENT] for name in ("outreach_id", "plan_id", "import_id", "photo_id", "passkey_id",
                                             "device")}}
    return [path for _endpoint, path in walk.paths(city.app, values, method)]


def secrets_of(client):
    """The cookies that a browser carries."""
    return {f"cookie {name}": client.get_cookie(name).value for name in ("s", "k", "d") if client.get_cookie(name)}


def test_a_walk_through_everything_logs_no_secret(city, logged):
    written = canary.markers("story", "nickname")
    made = walk.concerns(city, **written)
    guest = Browser(city.app.test_client())
    guest.get("/masuk/petugas").form("/masuk/petugas").fill(
        name=city.rina.sign_in_name, passphrase=city.rina.secret, code=pyotp.TOTP(city.rina.totp).now()).submit()
    people = {"siti": signed_in(city, city.siti), "ratna": signed_in(city, city.ratna), "rina": guest}
    secrets = {**written, "passphrase": city.rina.secret, "totp": city.rina.totp, "pin": city.siti.secret,
               "typed": "zq-typed"}

    for person in people.values():
        for path in addresses(city, made, "GET"):
            person.client.get(path).close()
        for path in addresses(city, made, "POST"):
            person.client.post(path, data={"pin": secrets["pin"], **dict.fromkeys(("text", "secret"), "zq-typed")})
        secrets |= secrets_of(person.client)

    said = logged()
    assert [name for name, secret in secrets.items() if secret in said] == []
    assert canary.found_in(said.encode(), written) == []


@pytest.mark.parametrize("who", ["siti", "ratna"])
def test_a_fault_in_any_view_logs_its_kind_and_place_alone(city, logged, who):
    made = walk.concerns(city)
    client = signed_in(city, getattr(city, who)).client
    secrets = secrets_of(client) | {"words": "zq-words-of-hers"}
    pages, tried = {}, 0
    for endpoint, view in list(city.app.view_functions.items()):
        city.app.view_functions[endpoint] = _broken(view, " ".join(secrets.values()))

    for path in addresses(city, made, "GET"):
        with client.get(path, query_string={"q": "zq-asked"}) as answer:
            tried += answer.status_code == 500
            pages[path] = answer.text
    said = logged()

    assert tried > 15
    assert said.count("unforeseen ValueError in fails:") == tried
    assert [name for name, secret in {**secrets, "asked": "zq-asked"}.items() if secret in said] == []
    assert [path for path, page in pages.items() if any(secret in page for secret in secrets.values())] == []


def test_a_statement_that_fails_quotes_no_value(city):
    with pytest.raises(SQLAlchemyError) as failed:
        city.db.execute(text("SELECT * FROM nowhere WHERE x = :x"), {"x": "zq-secret"})

    assert "zq-secret" not in str(failed.value)


def _broken(view, words):
    """The view as it is, but that it breaks in the middle with words in its hands."""
    def fails(**_parts):
        in_her_hands = words
        raise ValueError(in_her_hands)

    fails.policies = getattr(view, "policies", None)
    return fails
