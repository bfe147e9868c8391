"""ASVS 5.0 V2.3.2: each limit that docs/rules.md names is gone up to, and then exceeded by one.

The figure is read from the document; that it is the code's, too, shows `test_documents.py`. Each probe below says
what happens at the limit and one past it: (it goes, it does not)."""

import ast
import io
import re
import zipfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from openpyxl import Workbook
from PIL import Image
from sqlalchemy import delete, func, literal, select, update

from portal.accounts import challenges, hands, invitations, queries, throttle, tries
from portal.accounts.commands import place
from portal.accounts.models import Account, CardCode, Device, FailedTry, PendingChange, Posting
from portal.accounts.roles import Role
from portal.accounts.viewer import QUIET
from portal.audit.log import record
from portal.audit.models import AuditEntry
from portal.base import clock
from portal.base.clock import now, telling, today
from portal.base.db import writing
from portal.base.errors import Refused
from portal.base.reference import spoken
from portal.casework import commands
from portal.flags import queries as flag_queries
from portal.flags.life import Risk, Status
from portal.flags.models import Flag
from portal.outreach import importing, photos
from portal.reports.trail import read_trail
from tests.accounts.test_sign_in import card
from tests.casework.at_work import A_TUESDAY, agree_to_delete, closes, does, ended, taken
from tests.conftest import signed_in
from tests.factories import a_flag, invited_to, viewer_of
from tests.followup.at_desk import Officer
from tests.outreach.test_photos import kept, picture, send
from tests.outreach.test_sessions import logged
from tests.support.every_form import PREPARE
from tests.support.pages import Browser
from tests.support.phone import phone_of
from tests.upkeep.at_forgetting import forgets
from tests.upkeep.at_upkeep import back_up, settings_of

ROOT = Path(__file__).parent.parent.parent
RULES = (ROOT / "docs/rules.md").read_text()
LIMITS = RULES.partition("## Limits")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| (.*) \| (.*?) \| `(portal\.[\w.]+)` \|$", LIMITS, re.M)
SECOND = timedelta(seconds=1)
PROBES = {}


def limit(*where):
    """Mark the probe of a limit, by where the code has it."""
    def mark(probe):
        PROBES.update({f"portal.{one}": probe for one in where})
        return probe
    return mark


def figure(said):
    """A number, or a span of time as Python writes it."""
    days, hours, minutes, seconds = re.fullmatch(r"(?:(\d+) days?, )?(?:(\d+):(\d\d):(\d\d))?(?:\d+)?", said).groups()
    if hours is None:
        return int(said)
    return timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=int(seconds))


# tries

def tried(city, made, most):
    """Whether each of these tries, one after another at one moment, may be checked at once."""
    with writing(city.db):
        went = [throttle.begin_try(city.db, made(number).all, clock.now()) is None for number in range(most + 1)]
    return all(went[:most]), went[most]


@limit("accounts.throttle.FREE_HELD")
def tries_with_a_thing(city, most):
    return tried(city, lambda _number: tries.with_held(city.keys, "card", "x"), most)


@limit("accounts.throttle.FREE_PAIR")
def tries_by_name(city, most):
    return tried(city, lambda _number: tries.with_nothing(city.keys, "siti", "10.0.0.1"), most)


@limit("accounts.throttle.FREE_ACCOUNT")
def tries_at_an_account(city, most):
    return tried(city, lambda number: tries.by_name(city.keys, "rina", f"10.0.0.{number}"), most)


@limit("accounts.throttle.FREE_NETWORK")
def tries_from_a_network(city, most):
    return tried(city, lambda number: tries.with_nothing(city.keys, f"person {number}", "10.0.0.1"), most)


@limit("accounts.throttle.STOP")
def failures_that_end_a_card(city, most):
    """Each an hour after the one before, so that no wait stands in the way."""
    def whole():
        city.db.rollback()
        return city.db.scalar(select(func.count()).where(CardCode.account_id == city.siti.account_id)) > 0

    with time_machine.travel(now(), tick=False) as moment:
        for number in range(most - 1):
            card(Browser(city.app.test_client()).get("/masuk"), city.siti, pin=f"448201{number:02}")
            moment.shift(timedelta(hours=1, seconds=1))
        at_the_limit = whole()
        card(Browser(city.app.test_client()).get("/masuk"), city.siti, pin="44820199")
    return at_the_limit, whole()


# secrets

def fits(role, secret):
    try:
        invitations.check_secret(role, secret)
    except invitations.BadSecret as bad:
        return bad.code not in {"short", "long"}
    return True


@limit("accounts.passwords.PIN_DIGITS")
def digits(_city, least):
    return fits(Role.CADRE, "40718263"[:least]), fits(Role.CADRE, "40718263"[:least - 1])


def letters(size):
    return "kereta pagi bunga sungai rumah awan"[:size]


@limit("accounts.passwords.PHRASE_LENGTH")
def phrase(_city, least):
    return fits(Role.CADRE, letters(least)), fits(Role.CADRE, letters(least - 1))


@limit("accounts.passwords.PASSPHRASE_LENGTH")
def passphrase(_city, least):
    return fits(Role.OFFICER, letters(least)), fits(Role.OFFICER, letters(least - 1))


@limit("accounts.passwords.LONGEST")
def longest(city, most):
    def chosen(size):
        secret = "".join(chr(97 + (number * 7) % 26) for number in range(size))
        page = signed_in(city, city.siti).get("/setelan/rahasia").form().fill(
            old=city.siti.secret, new=secret, again=secret).submit()
        return page.status < 400 and fits(Role.OFFICER, secret)

    return not chosen(most + 1), not chosen(most)


# spans of time

def ages(probe):
    """A probe that says what holds at a moment so long after something: just up to the limit, and a second past."""
    def both(city, most):
        with time_machine.travel(now().replace(microsecond=0), tick=False) as moment:
            ask = probe(city)
            moment.shift(most)
            at_the_limit = ask()
            moment.shift(SECOND)
            return at_the_limit, ask()
    return both


def just_before(probe):
    """The same where the limit itself is over already: a second before it, and at it."""
    return lambda city, most: ages(probe)(city, most - SECOND)


@limit("accounts.invitations.LIFE")
@just_before
def invited(city):
    code = invited_to(city, "Bu Ani")
    return lambda: Browser(city.app.test_client()).get("/mulai").form("/mulai").fill(code=code).submit().status < 400


@limit("accounts.challenges.LIFE")
@ages
def challenged(city):
    challenge = challenges.new_challenge(city.keys)
    return lambda: challenges.is_ours(city.keys, challenge)


def cookie_aged(city, browser, path, name):
    """Whether a page opens with this moment of its cookie so long ago, and all else at this moment."""
    with browser.client.session_transaction() as cookie:
        then = cookie[name]

    def ask():
        with browser.client.session_transaction() as cookie:
            cookie.update(dict.fromkeys(("began", "seen", "proved", "bound"), int(clock.now().timestamp())))
            cookie[name] = then
        return browser.client.get(path).status_code == 203

    return ask


@limit("accounts.signin.FRESH")
@ages
def proved(city):
    agus = signed_in(city, city.agus)
    return cookie_aged(city, agus, f"/akun/{city.siti.account_id}/peran", "proved")


def with_phone(city, mine):
    browser = Browser(city.app.test_client())
    phone_of(city, city.siti).sign_in(browser, city.siti.secret)
    with writing(city.db):
        city.db.execute(update(Device).values(mine=mine))
    return browser


@limit("accounts.signin.BOUND")
@ages
def bound(city):
    return cookie_aged(city, with_phone(city, True), "/setelan", "bound")


def minutes(probe):
    return lambda city, most: ages(probe)(city, timedelta(minutes=most))


def hours(probe):
    return lambda city, most: ages(probe)(city, timedelta(hours=most))


@limit("base.settings.Settings.cadre_idle_minutes")
@minutes
def cadre_rests(city):
    return cookie_aged(city, signed_in(city, city.siti), "/setelan", "seen")


@limit("base.settings.Settings.own_phone_idle_minutes")
@minutes
def own_phone_rests(city):
    return cookie_aged(city, with_phone(city, True), "/setelan", "seen")


@limit("base.settings.Settings.staff_idle_minutes")
@minutes
def staff_rests(city):
    return cookie_aged(city, signed_in(city, city.rina), "/setelan", "seen")


@limit("base.settings.Settings.cadre_hours")
@hours
def cadre_ends(city):
    return cookie_aged(city, signed_in(city, city.siti), "/setelan", "began")


@limit("base.settings.Settings.staff_hours")
@hours
def staff_ends(city):
    return cookie_aged(city, signed_in(city, city.rina), "/setelan", "began")


@limit("accounts.hands.SETTLES")
@just_before
def of_one_hand(city):
    with writing(city.db):
        city.db.execute(update(Posting).values(since=now()))
        record(city.db, "account.made", city.rina.account_id, by=city.agus.account_id)
    return lambda: hands.tied_until(city.db, city.rina.account_id, city.agus.account_id) is not None


@limit("accounts.queries.PATIENCE")
@just_before
def waiting(city):
    PREPARE["accounts.recover"](city)()
    city.db.rollback()
    assert city.db.scalars(select(PendingChange)).one()
    agus = viewer_of(city.db, city.agus)
    return lambda: queries.waiting_changes(city.db, agus) != []


@limit("accounts.viewer.QUIET")
@just_before
def quiet(city):
    """What is put down is the code's; how long it hides is the document's."""
    with writing(city.db):
        with telling(now() - timedelta(hours=1)):
            code = spoken(a_flag(city.db, city.settings, city.siti).code)
        city.db.get_one(Account, city.siti.account_id).quiet_until = now() + QUIET
    return lambda: code not in signed_in(city, city.siti).get("/k").text


@limit("base.clock.LONGEST_AWAY")
def away(city, most):
    settings, began = settings_of(city, city.folder), now().replace(microsecond=0)
    with telling(began):
        back_up(settings)
    with telling(began + most):
        fine = back_up(settings).doubt is None
    with telling(began + 2 * most + SECOND):
        return fine, back_up(settings).doubt is None


@limit("accounts.commands.LAST_ANSWER")
def after_leaving(city, most):
    left, head = now(), viewer_of(city.db, city.ratna)
    with writing(city.db), telling(left):
        place(city.db, city.db.get_one(Account, city.rina.account_id), Role.ADMIN, area_id=None, unit_id=None)
    at = [left + timedelta(seconds=1) * n for n in (most.seconds - 1, most.seconds + 1)]
    return tuple(city.db.scalar(select(queries.of_unit_at(
        head, literal(city.rina.account_id, Account.id.type), literal(one, AuditEntry.at.type)))) for one in at)


# sizes and numbers

@limit("flags.forms.LONGEST")
def story(city, most):
    def told(size):
        form = signed_in(city, city.siti).get("/k/baru").form("/k/baru")
        return form.fill(danger="again", who="girl", signs=["afraid"], known="witnessed", child_aware="unknown",
                         story="x" * size).submit("send").status < 400
    return told(most), told(most + 1)


@limit("flags.deadlines.LONGEST_PAUSE")
def pause(city, most):
    def paused(days):
        send = PREPARE["casework.pause"](city)
        until = (today(city.settings.timezone) + timedelta(days=days)).isoformat()
        return send.__self__.fill(until=until).submit().status < 400
    return paused(most.days), paused(most.days + 1)


@limit("casework.proposals.STANDS")
def proposal(city, most):
    def agreed_after(waited):
        flag_id = taken(Officer(city, city.rina), Risk.HIGH)
        closes(Officer(city, city.rina), flag_id)
        with telling(now() + waited), suppress(Refused):
            does(Officer(city, city.dewi), commands.confirm, flag_id)
        city.db.rollback()
        return city.db.get_one(Flag, flag_id, populate_existing=True).status == Status.CLOSED
    return agreed_after(most - SECOND), agreed_after(most)


@limit("casework.early.WAITS")
def early_deletion(city, most):
    def stays(waited):
        with telling(A_TUESDAY):
            rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
            flag_id = ended(rina)
            agree_to_delete(rina, ratna, flag_id)
        with telling(A_TUESDAY + waited):
            forgets(city, trust_clock=True)
        city.db.rollback()
        return city.db.scalar(select(Flag.id).where(Flag.id == flag_id)) is not None
    return stays(most), stays(most + timedelta(days=1))


@limit("casework.early.AT_WORK")
def early_deletion_at_work(city, most):
    """Before a week in which the unit works on few days."""
    def stays(worked):
        with telling(datetime(2027, 3, 5, 8, tzinfo=UTC)):
            rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
            flag_id = ended(rina)
            agree_to_delete(rina, ratna, flag_id)
            last = flag_queries.calendar(city.db, city.settings).add_working_days(now(), worked)
        with telling(last.astimezone(UTC)):
            forgets(city, trust_clock=True)
        city.db.rollback()
        return city.db.scalar(select(Flag.id).where(Flag.id == flag_id)) is not None
    return stays(most), stays(most + 1)


@limit("outreach.photos.MOST_BYTES")
def photo_size(_city, most):
    def why(size):
        with pytest.raises(photos.BadPhoto) as refused:
            photos.redraw(b"x" * size)
        return refused.value.why != "large"  # no photo either way; too large or not is said first
    return why(most), why(most + 1)


@limit("outreach.photos.MOST")
def photos_of_one(city, most):
    key, browser = logged(city), signed_in(city, city.siti)
    late = dict(browser.get(f"/s/{key}/foto").form("/foto").values) | {"agreed": "y"}
    for number in range(most):
        send(browser, key, picture(colour=(number, 0, 0)))
    at_the_limit = len(kept(city))
    browser.client.post(f"/s/{key}/foto", data=late | {"photo": (io.BytesIO(picture()), "c.jpg")},
                        content_type="multipart/form-data")
    return at_the_limit == most, len(kept(city)) > most


def read(data):
    try:
        importing.read(data, importing.PAGE)
    except importing.BadFile as bad:
        return bad.why not in {"rows", "large"}
    return True


@limit("outreach.importing.PAGE.rows")
def rows_of_a_file(_city, most):
    def table(size):
        return b"tanggal,kode,topik,dewasa_p\n" + b"2025-03-04,98.01.01.1001.07,internet,12\n" * size
    return read(table(most)), read(table(most + 1))


@limit("outreach.importing.PAGE.unpacked")
def unpacked(_city, most):
    def workbook(size):
        made, book = io.BytesIO(), Workbook()
        book.active.append(["tanggal", "kode", "topik", "dewasa_p"])
        book.active.append(["2025-03-04", "98.01.01.1001.07", "internet", 12])
        book.save(made)
        with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr("filler.bin", bytes(size - sum(part.file_size for part in parts.infolist())))
        return made.getvalue()
    return read(workbook(most)), read(workbook(most + 1))


@limit("reports.trail.PAGE")
def page_of_the_trail(city, most):
    def shown(size):
        head = viewer_of(city.db, city.ratna)
        with writing(city.db):
            have = len(read_trail(city.db, viewer=head, keys=city.keys).acts)
            for _number in range(size - have - 1):
                record(city.db, "trail.read", "trail", by=head.account_id)
            city.db.flush()
            page = read_trail(city.db, viewer=head, keys=city.keys)
        return len(page.acts) == size
    return shown(most), shown(most + 1)


def session(city, **answers):
    return signed_in(city, city.siti).get("/s/baru").form("/s/baru").fill(
        **{"topics": ["internet"], "women": "12", **answers}).submit().errors == []


def in_days(city, days):
    return (today(city.settings.timezone) + timedelta(days=days)).isoformat()


def back(city):
    return [session(city, when="other", held_on=in_days(city, -days)) for days in (60, 61)]


def heads(city):
    return [session(city, women=number) for number in ("999", "1000")]


def somebody(city):
    return [session(city, women=number) for number in ("1", "0")]


def year(city):
    return [PREPARE["followup.act"](city).__self__.fill(next_on=in_days(city, days)).submit().errors == []
            for days in (366, 367)]


def pixels(_city):
    def drawn(size):
        made = io.BytesIO()
        Image.new("1", size).save(made, "PNG")
        try:
            return bool(photos.redraw(made.getvalue()))
        except photos.BadPhoto:
            return False
    return [drawn((4000, 4000)), drawn((4000, 4001))]


IN_WORDS = {
    "for a cadre at most 60 days back": back, "all head counts together are 1 or more": somebody,
    "whole, 0 to 999 a box": heads, "the next step lies a year ahead at most": year,
    "others to 16 million pixels": pixels,
    "a correction within 7 days": "tests/outreach/test_reach.py::test_her_own_may_be_corrected_for_seven_days",
    "a deadline is put off by 14 days at most":
        "tests/casework/test_work.py::test_a_deadline_is_put_off_by_two_weeks_at_most",
    "and 14 days where the risk is or ever was high":
        "tests/casework/test_two_people.py::"
        "test_nobody_alone_puts_off_what_was_ever_high_by_a_next_step_that_lies_far_ahead",
}
"""Limits that stand in a sentence of the rules, with their probe or the test that exceeds them."""
ELSEWHERE = {
    "portal.outreach.photos.MOST_OF_ONE":
        "tests/outreach/test_session_commands.py::test_one_person_has_so_many_photos_however_many_sessions_she_logs",
    "portal.base.settings.Settings.pages_a_minute":
        "tests/web/test_pace.py::test_who_looks_at_more_pages_than_a_hand_could_is_told_when_to_come_again",
    "portal.base.settings.Settings.forms_a_minute":
        "tests/web/test_pace.py::test_forms_sent_faster_than_a_hand_could_fill_them_in_change_nothing_and_are_given_back",
    "portal.base.settings.Settings.files_a_minute": "tests/web/test_pace.py::test_files_have_a_limit_of_their_own",
    "portal.base.settings.Settings.concerns_an_hour":
        "tests/web/test_pace.py::test_who_opens_very_many_concerns_is_asked_who_she_is",
}
"""Limits that a test of their own exceeds by one, with a smaller figure put in their place."""


@pytest.mark.asvs("V2.3.2")
@pytest.mark.parametrize(("said", "where"), [row[1:] for row in ROWS if row[2] not in ELSEWHERE],
                         ids=lambda one: one if "portal." in one else "")
def test_up_to_its_figure_it_goes_and_one_past_it_does_not(city, said, where, tmp_path):
    city.folder = tmp_path

    assert PROBES[where](city, figure(said)) == (True, False)


@pytest.mark.asvs("V2.3.2")
def test_every_limit_of_the_document_is_exceeded_and_no_probe_is_without_one():
    documented = [where for _what, _said, where in ROWS]

    assert len(documented) == len(set(documented)) > 30
    assert PROBES.keys() | ELSEWHERE.keys() == set(documented)
    assert PROBES.keys() & ELSEWHERE.keys() == set()
    for named in [*ELSEWHERE.values(), *(one for one in IN_WORDS.values() if isinstance(one, str))]:
        file, name = named.split("::")
        test, = (node for node in ast.parse((ROOT / file).read_text()).body
                 if isinstance(node, ast.FunctionDef) and node.name == name)
        marks = [ast.unparse(mark) for mark in test.decorator_list]
        assert any("mark.asvs(" in mark and "'V2.3.2'" in mark for mark in marks), named


def test_a_limit_that_is_one_too_wide_or_too_narrow_is_noticed(city, monkeypatch):
    for other, found in ((1, (True, True)), (-1, (False, False))):
        with monkeypatch.context() as patch:
            patch.setattr(photos, "MOST_BYTES", photos.MOST_BYTES + other)
            patch.setattr(throttle, "FREE_HELD", throttle.FREE_HELD + other)
            assert photo_size(city, 8388608) == found
            assert tries_with_a_thing(city, 5) == found
        city.db.execute(delete(FailedTry))
        city.db.commit()


@pytest.mark.asvs("V2.3.2")
@pytest.mark.parametrize("words", [words for words, probe in IN_WORDS.items() if callable(probe)])
def test_a_limit_in_words_is_kept_too(city, words):
    assert IN_WORDS[words](city) == [True, False]


@pytest.mark.asvs("V2.3.2")
def test_no_sentence_of_the_rules_names_a_figure_that_nothing_exceeds():
    parts = [RULES.partition(heading)[2].partition("\n## ")[0] for heading in (
        "## How answers are checked", "## Answers that must fit each other", "## Files that are taken in")]
    sentences = [line for part in parts for line in part.splitlines() if re.search(r"\d", line)]

    assert [words for words in IN_WORDS if words not in RULES] == []
    assert [line for line in sentences if not any(words in line for words in IN_WORDS)] == [
        line for line in sentences if line.startswith("| code of a concern | 6 symbols")]  # a shape, no limit
