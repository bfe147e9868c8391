"""What is counted once a month, without a way back to whom it was counted for."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.areas.models import Area
from portal.base.db import new_id
from portal.base.errors import Refused
from portal.base.settings import Settings
from portal.casework import codes
from portal.casework.models import MonthlyFact
from portal.casework.records import Assessed, Codes
from portal.flags.models import Flag


def count_anew(session: Session, settings: Settings, flag: Flag, made: Codes, before: Assessed | None) -> UUID:
    """Count an assessment for the kecamatan and the month in which the concern came, in the place of the one
    before. Gives the random id, to be sealed into the concern: nowhere else does it stand beside it.

    Raises `Refused` for a code that is in no list.
    """
    _check(made)
    if before is not None:
        session.execute(delete(MonthlyFact).where(MonthlyFact.id == before.fact))
    kelurahan = session.get_one(Area, flag.kelurahan_id)
    month = flag.received_at.astimezone(settings.timezone).date().replace(day=1)
    fact = MonthlyFact(
        id=new_id(), kecamatan_id=kelurahan.parent_id, month=month, forms=",".join(sorted(made.forms)), age=made.age,
        sex=made.sex, disability=made.disability, place=made.place, relation=made.relation,
    )
    session.add(fact)
    return fact.id


def _check(made: Codes) -> None:
    if not made.forms:
        raise Refused("an assessment names at least one form")
    codes.check(codes.forms(), *made.forms)
    for listed, code in ((codes.ages(), made.age), (codes.sexes(), made.sex), (codes.places(), made.place),
                         (codes.disabilities(), made.disability), (codes.relations(), made.relation)):
        codes.check(listed, code)
