"""What the queue can be narrowed to. The address is the state; nothing is remembered elsewhere.

A filter narrows what the viewer may see anyway: it is a condition beside `visible_to`, never instead of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import Session

from portal.accounts import queries as accounts
from portal.accounts.models import Unit
from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.areas.queries import AreaRow
from portal.base.db import as_uuid
from portal.base.reference import ALPHABET, LENGTH
from portal.flags.life import RANK, Risk, Status
from portal.flags.models import Flag
from portal.flags.policy import without_officer

NOBODY = "tanpa"
"""In the place of an officer: those that nobody has."""

_LONGEST_NUMBER = 9
_Code = TypeVar("_Code", bound=StrEnum)


@dataclass(frozen=True)
class Filters:
    """What was asked for. `code` is the beginning of one as it was typed; `officer` None with `nobody` False is
    anybody."""

    code: str = ""
    kecamatan: int | None = None
    kelurahan: int | None = None
    risk: Risk | None = None
    officer: UUID | None = None
    nobody: bool = False
    stage: Status | None = None

    def __bool__(self) -> bool:
        return self != Filters()

    def conditions(self, viewer: Viewer) -> list[ColumnElement[bool]]:
        """The same as conditions on flags, all of which must hold."""
        return [condition for condition in (
            _begins(self.code) if self.code else None,
            Flag.kelurahan_id.in_(select(Area.id).where(Area.parent_id == self.kecamatan))
            if self.kecamatan is not None else None,
            Flag.kelurahan_id == self.kelurahan if self.kelurahan is not None else None,
            Flag.rank == RANK[self.risk] if self.risk else None,
            Flag.assignee_id == self.officer if self.officer else None,
            without_officer(viewer) if self.nobody else None,
            Flag.status == self.stage if self.stage else None,
        ) if condition is not None]

    def address(self) -> dict[str, str]:
        """The same as it stands in an address, without what was left open."""
        said = {"kode": self.code, "kec": self.kecamatan, "kel": self.kelurahan, "risiko": self.risk,
                "petugas": NOBODY if self.nobody else self.officer, "tahap": self.stage}
        return {name: str(value) for name, value in said.items() if value}


@dataclass(frozen=True)
class Choices:
    """What the filters offer: the unit's kecamatan, each with its kelurahan, and its people."""

    places: list[tuple[AreaRow, list[AreaRow]]]
    officers: list[tuple[UUID, str]]


def read(given: Mapping[str, str]) -> Filters:
    """The filters that an address asks for. What cannot be one is as if it were not there."""
    officer = given.get("petugas", "")
    return Filters(
        code=given.get("kode", "").strip()[:20], kecamatan=_number(given.get("kec", "")),
        kelurahan=_number(given.get("kel", "")), risk=_one_of(Risk, given.get("risiko", "")),
        officer=as_uuid(officer), nobody=officer == NOBODY, stage=_one_of(Status, given.get("tahap", "")),
    )


def choices(session: Session, *, viewer: Viewer) -> Choices:
    """What may be chosen, whatever was asked: every place of the unit's city, everybody of the unit."""
    city = areas.get_area(session, session.get_one(Unit, viewer.unit_id).area_id)
    kelurahans = areas.children_of(session, city, Level.KELURAHAN)
    return Choices([(kecamatan, [one for one in kelurahans if one.path.startswith(kecamatan.path)])
                    for kecamatan in areas.children_of(session, city, Level.KECAMATAN)],
                   [(one.id, one.name) for one in accounts.colleagues(session, viewer)])


def _begins(typed: str) -> ColumnElement[bool]:
    """Codes are found by their first signs, however they were spaced. What no code can begin with finds none."""
    signs = "".join(sign for sign in typed.upper() if sign not in " -")
    if not signs or len(signs) > LENGTH or any(sign not in ALPHABET for sign in signs):
        return false()
    return Flag.code.startswith(signs, autoescape=True)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def _one_of(kind: type[_Code], text: str) -> _Code | None:
    return next((one for one in kind if one.value == text), None)
