"""The requests of all routes together, from the three places where they are made ready."""

from tests.support import desk_writings, people_writings
from tests.support.writings import NOT_DRIVEN, PREPARE

__all__ = ["NOT_DRIVEN", "PREPARE", "desk_writings", "people_writings"]
