"""Three hundred awareness sessions over a year, in most neighbourhoods but not in all, and a few that are planned."""

import random
import secrets
from collections.abc import Iterator
from datetime import timedelta

from portal.accounts.roles import Role
from portal.base.clock import now, telling, today
from portal.cli.demo_cast import Cast, viewer_of
from portal.outreach import codes, commands, plans
from portal.web import db

_AT_ONCE = 50
_SPEAKERS = (("", ""), ("", ""), ("dr. Ayu P.", "Puskesmas"), ("Ibu Nani", "PKK kelurahan"), ("Iptu Sari", "Polres"),
             ("Tim DP3A", "DP3A"))
_FUNDS = ("", "apbd", "dak", "kelurahan", "swadaya", "swadaya")
_NOTES = ("", "", "", "Banyak pertanyaan tentang HP anak.", "Bersama puskesmas.", "Warga minta diulang bulan depan.")


def hold(cast: Cast, count: int) -> Iterator[str]:
    """Log `count` sessions, each on the day on which it was held; says how far it is."""
    chance = random.Random(11)
    hosts = cast.keys_of(Role.CADRE, Role.SCHOOL)
    for first in range(0, count, _AT_ONCE):
        with db.transaction() as session:
            for _number in range(first, min(first + _AT_ONCE, count)):
                _one(session, cast, chance, chance.choice(hosts))
        yield f"{min(first + _AT_ONCE, count)} of {count} sessions."


def plan(cast: Cast) -> str:
    """What the coordinators mean to have held: one thing overdue, others to come, some for whoever is there."""
    chance, count = random.Random(12), 0
    for coordinator in cast.keys_of(Role.COORDINATOR):
        with db.transaction() as session:
            by = viewer_of(session, cast, coordinator)
            hosts = plans.helpers(session, viewer=by)
            for number, (days, topic) in enumerate(((-3, "internet"), (4, "bantuan"), (11, "nikah_anak"))):
                day = today(cast.settings.timezone) + timedelta(days=days)
                host = hosts[number % len(hosts)]
                place = next(cast.areas[key].area_id for key, account in cast.accounts.items() if account == host.id)
                plans.make_plan(session, plans.Planned(place, day, topic, chance.choice(("Balai RW", "Aula", "")),
                                                       host.id if number else None), by=by,
                                today=min(day, today(cast.settings.timezone)), once=secrets.token_hex(12), body="")
                count += 1
    return f"{count} sessions are planned."


def _one(session, cast: Cast, chance: random.Random, host: str) -> None:  # type: ignore[no-untyped-def]
    moment = now() - timedelta(days=int(365 * chance.random() ** 1.3))
    with telling(moment):
        day = today(cast.settings.timezone)
        by = viewer_of(session, cast, host)
        commands.log_session(session, _held(cast, chance, host, day), by=by, once=secrets.token_hex(12), body="",
                             today=day)


def _held(cast: Cast, chance: random.Random, host: str, day) -> commands.Held:  # type: ignore[no-untyped-def]
    at_school = cast.people[host].role is Role.SCHOOL
    topics = tuple(sorted(chance.sample([code for code in codes.topics() if code != codes.OTHER],
                                        chance.choice((1, 1, 2)))))
    children, adults = (30, 4) if at_school else (6, 18)
    speaker, institution = chance.choice(_SPEAKERS)
    return commands.Held(
        cast.areas[host].area_id, day, topics, girls=chance.randint(0, children), boys=chance.randint(0, children),
        women=1 + chance.randint(0, adults), men=chance.randint(0, adults // 2), older_women=chance.randint(0, 4),
        older_men=chance.randint(0, 2), note=chance.choice(_NOTES),
        speaker=speaker, institution=institution, funding="sekolah" if at_school else chance.choice(_FUNDS),
        materials=tuple(chance.sample(("leaflet", "video", "cerita", "paparan"), chance.randint(0, 2))),
        audiences=("murid",) if at_school else tuple(chance.sample(("pkk", "orang_tua", "umum"), 1)))
