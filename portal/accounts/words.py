"""What people read for each role, state and fault, and the pictures that stand for a code."""

from datetime import date, datetime

import segno
from flask_babel import gettext as _
from markupsafe import Markup

from portal.accounts.news import Kind
from portal.accounts.roles import FIELD, Role
from portal.web.locale import say_day, say_moment


def role_name(role: str) -> str:
    """The name of a role in the reader's language."""
    return {
        Role.CADRE: _("Cadre"), Role.SCHOOL: _("School counsellor"), Role.COORDINATOR: _("Coordinator"),
        Role.OFFICER: _("Officer"), Role.HEAD: _("Head of the unit"), Role.LEADERSHIP: _("City leadership"),
        Role.ADMIN: _("Administrator"),
    }[Role(role)]


def state_name(state: str) -> str:
    """Where an account stands (`queries.state_of`)."""
    return {"on": _("On"), "off": _("Switched off"), "invited": _("Invited"), "lapsed": _("No code yet")}[state]


def change_name(kind: str) -> str:
    """What waits for a second person (`PendingChange.kind`)."""
    return {"recovery": _("New phone or forgotten PIN"), "role": _("Another role"), "join": _("New account")}[kind]


def same_hand(until: datetime) -> str:
    """Why somebody cannot be the second person yet (`hands.tied_until`)."""
    return _("You cannot agree before %(moment)s: within 3 days one of you two set up the other, or one person both. "
             "Somebody else can agree now.",
             moment=say_moment(until))


def news_sentence(kind: str, day: date) -> str:
    """What happened to an account, and when (`news.Kind`)."""
    when = say_day(day)
    return {
        Kind.TRIES: _("Wrong tries at your account: %(day)s.", day=when),
        Kind.SECRET: _("New PIN or passphrase: %(day)s.", day=when),
        Kind.PASSKEY: _("Passkey set up: %(day)s.", day=when),
        Kind.PASSKEY_OFF: _("Passkey removed: %(day)s.", day=when),
        Kind.PHONE_OFF: _("Phone taken off: %(day)s.", day=when),
        Kind.CARD: _("New card of codes: %(day)s.", day=when),
        Kind.NUMBER: _("Your phone number here was changed: %(day)s. If you did not know of it, tell the office too.",
                       day=when),
    }[Kind(kind)]


def bad_secret(code: str, role: str) -> str:
    """Why a PIN or passphrase cannot be taken (`invitations.BadSecret`)."""
    field = role in FIELD
    return {
        "short": _("A PIN has 8 digits. A phrase has 12 letters or more.") if field
        else _("A passphrase has 15 letters or more."),
        "weak": _("That is too easy to guess. Do not use dates, rows, or your own number.") if field
        else _("That is too easy to guess."),
        "long": _("That is too long."),
    }[code]


def bad_account(code: str) -> str:
    """Why an account cannot be made or corrected (`commands.BadAccount`)."""
    return {
        "phone wrong": _("That is not a phone number. Write it like 0812-3456-7890."),
        "phone taken": _("That phone number has an account already."),
        "name taken": _("That sign-in name is taken."),
        "name missing": _("At the office everybody needs a sign-in name."),
    }[code]


def bad_row(code: str) -> str:
    """Why a line of a table cannot be taken (`bulk.Row`)."""
    return {
        "name": _("The name is missing."), "long": _("Something is too long."),
        "place": _("This place is not found below yours."),
        "places": _("Several places are called so. Add the kelurahan."),
        "phone": _("That is not a phone number. Write it like 0812-3456-7890."),
        "phone twice": _("The same phone number stands twice in the table."),
        "phone taken": _("That phone number has an account already."),
    }[code]


def bad_table(code: str) -> str:
    """Why a table cannot be read at all (`bulk.Unreadable`)."""
    return {
        "empty": _("There is nobody in the table."),
        "heading": _("The first line must name the columns, such as: nama, rw, hp."),
        "many": _("At most 300 people at once. Please split the table."),
    }[code]


def qr(text: str) -> Markup:
    """A QR code as inline SVG, sized by the page's style alone."""
    picture = segno.make(text, error="m", micro=False)
    return Markup(picture.svg_inline(omitsize=True, border=4, svgclass="qr", lineclass=None))  # noqa: S704 - made by the library from a code of ours
