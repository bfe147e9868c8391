"""The invented people of the demo city: somebody of every kind, in real places."""

from dataclasses import dataclass, replace

from portal.accounts.roles import Role

PASSPHRASE = "sawah hujan lampu meja"


@dataclass(frozen=True)
class DemoPerson:
    """One of them. `kelurahan` and `rw` count places in the order of the area file, from 0 and from 1, so
    that any city's file can carry the demo. `featured` ones stand first on the sign-in page."""

    key: str
    role: Role
    name: str
    title: str = ""
    kelurahan: int | None = None
    rw: int | None = None
    keys: tuple[str, ...] = ()
    pin: str = "25831947"
    featured: bool = False
    phone: str = ""


_PEOPLE = (
    DemoPerson("siti", Role.CADRE, "Bu Siti", "Kader posyandu", 52, 7, featured=True),
    DemoPerson("guru", Role.SCHOOL, "Bu Endah", "Guru BK", 52, featured=True),
    DemoPerson("rina", Role.OFFICER, "Rina A.", keys=("unit",), featured=True),
    DemoPerson("ratna", Role.HEAD, "Bu Ratna", keys=("unit", "conflict"), featured=True),
    DemoPerson("wati", Role.COORDINATOR, "Bu Wati", "Koordinator kelurahan", 52, featured=True),
    DemoPerson("lina", Role.LEADERSHIP, "Bu Lina", "DP3A", featured=True),
    DemoPerson("agus", Role.ADMIN, "Pak Agus", "Diskominfo", featured=True),
    DemoPerson("dewi", Role.OFFICER, "Dewi K.", keys=("unit",)),
    DemoPerson("nona", Role.OFFICER, "Nona P.", "Petugas baru"),
    DemoPerson("yanti", Role.CADRE, "Bu Yanti", "PKK", 52, 8),
    DemoPerson("mulyadi", Role.CADRE, "Pak Mulyadi", "Ketua RW", 52, 3),
    DemoPerson("ani", Role.CADRE, "Bu Ani", "PATBM", 0, 4),
    DemoPerson("tuti", Role.CADRE, "Bu Tuti", "PKK", 4, 2),
    DemoPerson("hasan", Role.CADRE, "Pak Hasan", "Karang Taruna", 9, 5),
    DemoPerson("nur", Role.CADRE, "Bu Nur", "Posyandu", 15, 1),
    DemoPerson("lestari", Role.CADRE, "Bu Lestari", "PKK", 20, 6),
    DemoPerson("dodi", Role.CADRE, "Pak Dodi", "Ketua RT", 24, 2),
    DemoPerson("ika", Role.CADRE, "Bu Ika", "PKK", 30, 3),
    DemoPerson("rohani", Role.CADRE, "Bu Rohani", "PATBM", 36, 4),
    DemoPerson("sri", Role.CADRE, "Bu Sri", "Posyandu", 42, 2),
    DemoPerson("bambang", Role.SCHOOL, "Pak Bambang", "Guru wali", 9),
    DemoPerson("yuli", Role.SCHOOL, "Bu Yuli", "Guru BK", 24),
    DemoPerson("nining", Role.COORDINATOR, "Bu Nining", "Koordinator kelurahan", 9),
)

PEOPLE = tuple(replace(person, phone=f"0812{55000000 + place}") for place, person in enumerate(_PEOPLE))
"""Those whom a visitor may be, each with a phone number of her own."""

_NAMES = ("Bu Aminah", "Bu Dewi", "Bu Eka", "Pak Fajar", "Bu Heni", "Bu Imas", "Pak Joko", "Bu Kartini", "Bu Lilis",
          "Bu Mimin", "Pak Nanang", "Bu Oom", "Bu Popon", "Bu Ratih", "Pak Saiful", "Bu Titin", "Bu Umi", "Bu Vera",
          "Pak Wahyu", "Bu Yeti")


def neighbours(kelurahan: int) -> list[DemoPerson]:
    """One more cadre in most of the city's `kelurahan`; a few stay without anybody, as in life."""
    places = [place for place in range(kelurahan) if place % 5]
    return [DemoPerson(f"n{place}", Role.CADRE, _NAMES[place % len(_NAMES)], "Kader", place, 1 + place % 7,
                       phone=f"0813{55000000 + place}") for place in places]
