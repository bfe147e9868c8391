"""The pages of people: getting in and out, the first time, their own settings, and those who look after them."""

from portal.accounts.views import changes, enrolment, entrance, keys, kit, people, settings  # noqa: F401 - pages
from portal.accounts.views.blueprint import bp

quick_exit = entrance.quick_exit

__all__ = ["bp", "quick_exit"]
