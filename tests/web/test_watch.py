"""What is refused is said in the process's log, with a word of ours and no word of anybody's."""

import logging
from uuid import uuid4

import pytest

from tests.factories import a_flag


@pytest.fixture
def said(caplog):
    """The lines about what was refused, without their beginning."""
    caplog.set_level(logging.WARNING)
    return lambda: [record.getMessage().removeprefix("refused, ") for record in caplog.records
                    if record.getMessage().startswith("refused, ")]


@pytest.mark.asvs("V16.3.2")
def test_a_page_that_is_not_for_her_role_is_written_down_with_her_account_at_the_office(city, sign_in, said):
    assert sign_in(city.agus).get("/antrean").status == 404
    assert sign_in(city.siti).get("/antrean").status == 404

    assert said() == [f"not for this role: GET followup.queue by {city.agus.account_id}",
                      "not for this role: GET followup.queue by cadre"]


@pytest.mark.asvs("V16.3.2", "V16.3.3")
def test_a_concern_that_is_not_hers_is_written_down_like_one_that_is_not_there(city, sign_in, said):
    flag = a_flag(city.db, city.settings, city.siti)
    city.db.commit()
    budi = sign_in(city.budi)

    assert budi.get(f"/k/{flag.code}").status == budi.get("/k/234678").status == 404

    assert said() == ["absent or not hers: GET flags.progress by cadre"] * 2
    assert flag.code not in "".join(said())


@pytest.mark.asvs("V16.3.3")
def test_a_forged_form_a_strange_host_and_too_much_are_written_down(city, sign_in, said):
    city.app.config["TRUSTED_HOSTS"] = ["localhost"]
    client = sign_in(city.rina).client

    client.post("/setelan/tampilan", data={"csrf_token": "forged"})
    client.post("/setelan/tampilan", data={"x": "y" * 300_000})
    client.get("/bantuan", headers={"Host": "evil.example"})

    who = city.rina.account_id
    assert said() == [f"a form without its token: POST accounts.change_look by {who}",
                      f"too large: POST accounts.change_look by {who}", "a strange host: GET - by nobody"]
    assert "evil" not in "".join(said())


@pytest.mark.asvs("V16.3.1", "V16.3.3")
def test_failed_tries_are_written_down_without_whose_they_were(city, guest, said):
    def tries(name, passphrase, code="000000"):
        guest.get("/masuk/petugas").form("/masuk/petugas").fill(
            name=name, passphrase=passphrase, code=code).submit()

    tries(city.rina.sign_in_name, "wrong and wrong and wrong")
    tries("nobody-of-this-name", "wrong and wrong and wrong")
    tries(city.rina.sign_in_name, city.rina.secret)
    for _ in range(5):
        tries(city.rina.sign_in_name, "wrong and wrong and wrong")

    where = "POST accounts.sign_in_staff by nobody"
    wrong = f"a secret that does not fit: {where}"
    assert said()[:3] == [wrong, wrong, f"a second factor that does not fit: {where}"]
    assert said()[-1] == f"a try before its time: {where}"
    assert city.rina.sign_in_name not in "".join(said())


@pytest.mark.asvs("V16.3.3")
def test_a_code_that_fits_nobody_is_written_down(guest, said):
    guest.get("/mulai").form("/mulai").fill(code="ABCD-EFGH-JKMN").submit()

    assert said() == ["an invitation that does not fit: POST accounts.enrol by nobody"]


def test_an_address_that_does_not_exist_is_not_said(guest, said):
    guest.get(f"/{uuid4()}")

    assert said() == []
