"""Who does what work. Imports nothing: every rule may ask."""

from enum import StrEnum


class Role(StrEnum):
    """The seven kinds of people. A title such as *guru wali* is free text beside it."""

    CADRE = "cadre"
    SCHOOL = "school"
    COORDINATOR = "coordinator"
    OFFICER = "officer"
    HEAD = "head"
    LEADERSHIP = "leadership"
    ADMIN = "admin"


FIELD = frozenset({Role.CADRE, Role.SCHOOL})
"""They meet people: they log sessions and pass on concerns."""

UNIT = frozenset({Role.OFFICER, Role.HEAD})
"""They work on concerns and may hold the unit's keys."""

STAFF = frozenset(Role) - FIELD
"""They sign in with a passphrase and a second factor."""
