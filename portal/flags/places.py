"""Where a concern may be about: the reporter's own place first, then the rest of her city."""

from collections import Counter

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.accounts import sealed as accounts
from portal.accounts.models import Account
from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Level
from portal.areas.queries import AnyArea, Place
from portal.base.errors import NotVisible
from portal.base.phones import local_phone
from portal.base.settings import ServerKeys
from portal.flags.commands import Concern
from portal.flags.forms import FlagForm


def of(session: Session, viewer: Viewer) -> Place:
    """The viewer's own place. Raises `NotVisible` for somebody without one."""
    return areas.full_name(session, areas.get_area(session, viewer.area_id or 0))


def said(place: Place) -> str:
    """A place in words: `RW 07, Jatirahayu`."""
    return place.name if place.level == Level.KELURAHAN else f"{place.name}, {place.kelurahan_name}"


def choices(session: Session, viewer: Viewer) -> dict[str, int]:
    """Every place that may be chosen, by its words: her own, the RW around it, every kelurahan.

    Words are all that the form sends: keys beside them would make the small page a third longer. Raises
    `NotVisible` for somebody who has no place in a kelurahan.
    """
    own = areas.get_area(session, viewer.area_id or 0)
    kelurahan, city = areas.kelurahan_of(session, own), areas.city_of(session, own)
    if kelurahan is None or city is None:
        raise NotVisible
    near = {f"{a.name}, {kelurahan.name}": a.id for a in areas.children_of(session, kelurahan, Level.RW)}
    every = {said(areas.full_name(session, own)): own.id} | near | {
        _("Kelurahan %(name)s", name=name): key for name, key in kelurahans(session, city).items()}
    first = next(iter(every))
    return {words: key for words, key in every.items() if key != own.id or words == first}


def kelurahans(session: Session, city: AnyArea) -> dict[str, int]:
    """Those of a city, by name; where two share one, their kecamatan tells them apart."""
    rows = areas.children_of(session, city, Level.KELURAHAN)
    shared = {name for name, times in Counter(row.name for row in rows).items() if times > 1}
    return {f"{row.name}, {areas.full_name(session, row).kecamatan_name}" if row.name in shared else row.name: row.id
            for row in rows}


def school_of(place: Place) -> str:
    """The name of the school that this place is; empty for every other place."""
    return place.name if place.level == Level.SCHOOL else ""


def concern(session: Session, form: FlagForm, *, viewer: Viewer, keys: ServerKeys) -> Concern:
    """What the form says, with the reporter's own name and number from her account."""
    area = areas.get_area(session, form.area_id)
    account = session.get_one(Account, viewer.account_id)
    phone = accounts.open_phone(keys, account)
    identity = form.identity(name=account.name, title=account.title, area=said(of(session, viewer)),
                             phone=local_phone(phone) if phone else "")
    return Concern(form.answers(area.name), form.story.data, identity, area)
