"""One plain function per thing, each asking only for what matters to the test."""

from dataclasses import dataclass, replace
from types import SimpleNamespace
from uuid import UUID

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts import cards, invitations
from portal.accounts import commands as accounts
from portal.accounts import queries as account_queries
from portal.accounts import sealed as account_sealed
from portal.accounts.models import Account, SealingKey, StaffKey, Unit
from portal.accounts.roles import FIELD, UNIT, Role
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.areas import loading
from portal.areas.models import Area
from portal.base.db import writing
from portal.base.settings import ServerKeys, Settings
from portal.flags import commands as flags
from portal.flags.answers import Age, Answers, Danger, Identity, Known, Sign, Who

AREAS = """code,level,name,parent
98,province,Provinsi Contoh,
98.01,city,Kota Contoh,
98.01.01,kecamatan,Pondok Melati,
98.01.01.1001,kelurahan,Jatirahayu,
98.01.01.1001.07,rw,RW 07,
98.01.01.1001.08,rw,RW 08,
98.01.01.1002,kelurahan,Jatiwarna,
98.01.01.1002.01,rw,RW 01,
98.01.02,kecamatan,Jatiasih,
98.01.02.1001,kelurahan,Jatikramat,
98.01.02.1001.03,rw,RW 03,
npsn.90000001,school,SMP Contoh 1,98.01.01.1001
98.02,city,Kota Tetangga,
98.02.01,kecamatan,Tetangga Barat,
98.02.01.1001,kelurahan,Tetangga Satu,
98.02.01.1001.01,rw,RW 01,
"""


@dataclass(frozen=True)
class Person:
    """An invented person and all that she needs to sign in."""

    key: str
    role: Role
    name: str
    area: str = ""
    phone: str = ""
    sign_in_name: str = ""
    secret: str = "25831947"
    totp: str = ""
    card: tuple[str, ...] = ()
    account_id: UUID | None = None


PASSPHRASE = "sawah hujan lampu meja"
PEOPLE = (
    Person("siti", Role.CADRE, "Bu Siti", "98.01.01.1001.07", "081200000001"),
    Person("budi", Role.CADRE, "Pak Budi", "98.01.01.1001.08", "081200000002"),
    Person("guru", Role.SCHOOL, "Bu Guru", "npsn.90000001", "081200000003"),
    Person("far", Role.CADRE, "Bu Jauh", "98.02.01.1001.01", "081200000004"),
    Person("wati", Role.COORDINATOR, "Bu Wati", "98.01.01.1001", sign_in_name="wati"),
    Person("rina", Role.OFFICER, "Rina A.", "98.01", sign_in_name="rina"),
    Person("dewi", Role.OFFICER, "Dewi K.", "98.01", sign_in_name="dewi"),
    Person("keyless", Role.OFFICER, "Nona Baru", "98.01", sign_in_name="keyless"),
    Person("ratna", Role.HEAD, "Bu Ratna", "98.01", sign_in_name="ratna"),
    Person("lina", Role.LEADERSHIP, "Bu Lina", "98.01", sign_in_name="lina"),
    Person("agus", Role.ADMIN, "Pak Agus", "98.01", sign_in_name="agus"),
    Person("other", Role.HEAD, "Kepala Lain", "98.02", sign_in_name="other"),
)


def build_city(session: Session, settings: Settings) -> dict[str, Person]:
    """Two cities with a unit each, and a person of every kind. Rina, Dewi and the heads hold the unit's
    key; the heads alone hold the one for conflicts; keyless holds none."""
    loading.load(session, AREAS.splitlines())
    session.flush()
    people = {}
    units = {code: accounts.make_unit(session, name=f"UPTD {code}", area_id=_area(session, code).id)
             for code in ("98.01", "98.02")}
    for person in PEOPLE:
        made = _make(session, settings, person, units.get(person.area))
        people[person.key] = made
    for head, code in (("ratna", "98.01"), ("other", "98.02")):
        accounts.make_unit_keys(session, units[code], first_holder=people[head].account_id)
    session.flush()
    here = SimpleNamespace(db=session, keys=settings.require_keys())
    ring = ring_of(here, people["ratna"])
    for officer in ("rina", "dewi"):
        viewer = viewer_of(session, people["ratna"])
        accounts.grant_key(session, ring, kind="unit", to=people[officer].account_id, by=viewer)
    session.flush()
    return people


def viewer_of(session: Session, person: Person) -> Viewer:
    """The person as commands and queries see her, without a browser."""
    account = session.get_one(Account, person.account_id)
    area = session.get(Area, account.area_id) if account.area_id else None
    return Viewer(token="", account_id=account.id, role=Role(account.role), name=account.name,
                  title=account.title, language="", area_id=account.area_id, area_path=area.path if area else "",
                  unit_id=account.unit_id, locked_private=None)


def keys_now(city: SimpleNamespace) -> ServerKeys:
    """The server's keys as they are now: those of the city's key file, where it has one."""
    return ServerKeys.read(city.path) if hasattr(city, "path") else city.keys


def private_of(city: SimpleNamespace, person: Person, session: Session | None = None) -> bytes | None:
    """An officer's own private key; None for those who have none."""
    own = (session or city.db).get(StaffKey, person.account_id)
    return account_sealed.unlock_staff_key(keys_now(city), own, person.secret) if own else None


def ring_of(city: SimpleNamespace, person: Person, session: Session | None = None) -> KeyRing:
    """The unlocked keys of an officer; by another session than the city's, if one is given."""
    private = private_of(city, person, session)
    assert private is not None
    return account_sealed.open_ring(private, account_queries.grants_of(session or city.db, person.account_id))


def some_answers(**changes) -> Answers:
    """Answers of an ordinary concern, with these changes."""
    plain = Answers(danger=Danger.AGAIN, who=Who.GIRL, age=Age.UNDER_18, signs=(Sign.AFRAID,),
                    known=Known.WITNESSED, place="RW 07")
    return replace(plain, **changes)


def some_identity(**changes) -> Identity:
    """Identities of an ordinary concern, with these changes."""
    plain = Identity(reporter_name="Bu Siti", reporter_title="", reporter_phone="0812-0000-0001",
                     reporter_area="RW 07, Jatirahayu")
    return replace(plain, **changes)


def a_flag(session: Session, settings: Settings, person: Person, *, answers: Answers | None = None,
           story: str = "", identity: Identity | None = None, area: str = "", once: str = ""):
    """A concern that this person sent; the flag itself."""
    concern = flags.Concern(answers or some_answers(), story, identity or some_identity(),
                            _area(session, area or person.area))
    key = once or pyotp.random_base32()
    code = flags.send(session, settings, concern, by=viewer_of(session, person), once=key, body="")
    session.flush()
    return session.scalar(select(flags.Flag).where(flags.Flag.code == code))


def invited_to(city, name: str = "Bu Ani", role: Role = Role.CADRE, **more) -> str:
    """The code of an invitation to a new account, in Bu Siti's place unless another is given."""
    place = more.pop("area_id", city.db.get_one(Account, city.siti.account_id).area_id)
    with writing(city.db):
        account = accounts.add_account(city.db, city.settings,
                                       accounts.NewAccount(role, name, area_id=place, **more), by=None)
        return invitations.invite(city.db, city.keys, account, by=city.wati.account_id)


def area(session: Session, code: str) -> Area:
    """An area by its code."""
    return _area(session, code)


def sealing_key(session: Session, unit: Unit, kind: str) -> SealingKey:
    """A unit's present key of a kind."""
    return account_queries.sealing_key(session, unit.id, kind)


def _make(session: Session, settings: Settings, person: Person, unit: Unit | None) -> Person:
    staff = person.role not in FIELD
    whole = replace(person, secret=PASSPHRASE if staff else person.secret,
                    totp=pyotp.random_base32() if staff else "")
    account = accounts.add_account(session, settings, accounts.NewAccount(
        whole.role, whole.name, whole.secret, phone=whole.phone, sign_in_name=whole.sign_in_name,
        totp_secret=whole.totp, area_id=_area(session, whole.area).id,
        unit_id=unit.id if unit and whole.role in UNIT else None), by=None)
    codes = () if staff else cards.new_card(session, settings.require_keys(), account.id, by=None)
    return replace(whole, account_id=account.id, card=tuple(codes))


def _area(session: Session, code: str) -> Area:
    found = session.scalar(select(Area).where(Area.code == code))
    assert found is not None, code
    return found
