"""What holds for the whole house: floors, closed doors, neutral addresses, small rooms."""

import re
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
SENSITIVE = re.compile(r"kekerasan|korban|pelaku|lapor|kdrt|ppa|violence|victim|abuse|report", re.IGNORECASE)


@pytest.mark.asvs("V11.1.3")
def test_imports_only_point_down_rules_know_no_web_and_plaintext_has_one_door(monkeypatch):
    monkeypatch.chdir(ROOT)

    assert lint_imports() == 0


@pytest.mark.asvs("V8.2.1")
def test_every_view_says_who_may_enter(app):
    unmarked = [name for name, view in app.view_functions.items() if not hasattr(view, "policies")]

    assert unmarked == []


@pytest.mark.asvs("V8.2.1", "V16.5.3")
def test_a_view_that_does_not_say_is_closed(city, sign_in):
    city.app.add_url_rule("/baru-dan-lupa", "forgotten", lambda: "open to all")

    assert sign_in(city.ratna).get("/baru-dan-lupa").status == 404


@pytest.mark.asvs("V14.2.1")
def test_addresses_tell_nothing(app):
    telling = [rule.rule for rule in app.url_map.iter_rules() if SENSITIVE.search(rule.rule)]

    assert telling == []


@pytest.mark.asvs("V8.2.1")
def test_every_closed_page_sends_a_stranger_to_sign_in(app, guest):
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if view.policies is None or "GET" not in rule.methods:
            continue
        path = re.sub(r"<uuid:\w+>", "00000000-0000-4000-8000-000000000000", rule.rule)
        path = re.sub(r"<\w+>", "K7M-4PX", path)

        answer = guest.client.get(path)

        assert answer.status_code == 302, path
        assert answer.headers["Location"].startswith("/masuk?next="), path


@pytest.mark.parametrize("file", sorted((ROOT / "portal").rglob("*.py")), ids=lambda f: f.stem)
def test_a_room_can_be_read_in_one_sitting(file):
    assert len(file.read_text().splitlines()) <= 420


def test_nothing_of_one_city_stands_in_code():
    named = [file for file in (ROOT / "portal").rglob("*")
             if file.suffix in {".py", ".html", ".js"} and re.search(r"bekasi|32\.75", file.read_text(), re.I)]

    assert named == []
