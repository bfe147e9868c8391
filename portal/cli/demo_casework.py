"""What the unit of the demo city did after the first steps: assessments, services, a referral, what takes two."""

import random
import secrets
from datetime import timedelta
from typing import Any

from portal.base.clock import now, telling
from portal.casework import commands as casework
from portal.casework.commands import Assessment, GivenService, Letter
from portal.casework.records import Codes
from portal.flags.life import Risk

_FORMS = (("fisik", "psikis"), ("psikis",), ("seksual",), ("penelantaran",), ("fisik",))


def agree(case: Any) -> None:
    """A second officer agrees to what the first one proposed, if there is one who may know of it."""
    if case.second is None or case.flag.closed_at is not None:
        return
    viewer, ring = case.second
    case.at = min(case.at + timedelta(minutes=40), case.last)
    with telling(case.at):
        casework.confirm(case.session, case.cast.settings, ring, case.flag, by=viewer, version=case.flag.version)
        case.session.flush()


def go_on(case: Any, chance: random.Random) -> None:
    """Assess in codes, note a service; now and then refer, start the legal clock, or propose to lower the risk."""
    settings, soon = case.cast.settings, case.step_on(now() + timedelta(days=3))
    forms = chance.choice(_FORMS)
    age = chance.choice(("6_12", "13_17", "25_44"))
    made = Codes(forms, age, "p", "none", "rumah_tangga",
                 chance.choice(("suami_istri", "orang_tua", "tetangga")))
    risk = Risk(case.flag.risk_assessed)
    assessment = Assessment(risk, "Setelah bertemu orangnya.", made)
    _step(case, 30, casework.assess, settings, case.ring, case.flag, assessment)
    given = GivenService("psikologis", "", "done", case.at.date(), "Sesi pertama. Ia tidur lebih baik.",
                         "Sesi kedua", soon)
    _step(case, 50, casework.serve, settings, case.ring, case.flag, given)
    if "seksual" in forms:
        _step(case, 5, casework.hear_victim, case.ring, case.flag, "")
    if chance.random() < 0.4:  # noqa: PLR2004
        carried = [("Wilayah", "sesuai lembar kerja"), ("Kontak aman", "Hanya lewat unit.")]
        letter = Letter("psikolog", "Biro Psikologi Contoh", "given" if age == "25_44" else "child",
                        "Mohon pendampingan lanjutan.", carried, soon)
        _step(case, 20, casework.refer, settings, case.ring, case.flag, letter)
    if risk is Risk.HIGH and chance.random() < 0.5:  # noqa: PLR2004
        case.at = now() - timedelta(hours=2)
        _step(case, 1, casework.assess, settings, case.ring, case.flag,
              Assessment(Risk.MEDIUM, "Ia sudah tinggal di rumah neneknya."))


def _step(case: Any, minutes: float, do: Any, *given: Any) -> None:
    once = casework.once_only(do)
    case.step(minutes, once, case.session, *given, version=case.flag.version, once=secrets.token_hex(12), body="")
