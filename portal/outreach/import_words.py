"""What people read of a file that cannot be loaded, and of a line in it."""

from flask_babel import gettext as _

from portal.outreach.importing import BadFile, Fault


def bad_file(bad: BadFile) -> str:
    """Why a whole file cannot be read."""
    return {
        "kind": _("This file cannot be read. Save it as CSV or XLSX."),
        "large": _("This file holds too much."),
        "rows": _("At most %(number)s rows on this page. Ask the office to load larger files.", number=bad.about),
        "columns": _("These columns are missing or come twice: %(names)s.", names=bad.about),
        "empty": _("There is no row in this file."),
        "letters": _("The letters of this file cannot be read. Save it as CSV UTF-8."),
    }[bad.why]


def fault(one: Fault) -> str:
    """What is wrong on one line."""
    column, value = one.column, one.value
    return {
        "formula": _("%(column)s: a formula is not taken.", column=column),
        "day": _("%(column)s: %(value)s is no day. Write it like 2026-11-24 or 24/11/2026.", column=column,
                 value=value or "–"),
        "future": _("%(column)s: that day has not come yet.", column=column),
        "old": _("%(column)s: more than 20 years ago.", column=column),
        "place": _("%(column)s: there is no place with the code %(value)s in your area.", column=column,
                   value=value or "–"),
        "topic": _("%(column)s: a topic is missing.", column=column),
        "unknown": _("%(column)s: %(value)s is not in the list.", column=column, value=value),
        "one": _("%(column)s: only one is possible.", column=column),
        "number": _("%(column)s: %(value)s is not a whole number up to 999.", column=column, value=value),
        "nobody": _("Nobody came: give at least one number."),
        "long": _("%(column)s: longer than %(value)s letters.", column=column, value=value),
        "doubled": _("The same as line %(value)s.", value=value),
        "there": _("This session is logged already: same place, day and numbers."),
    }[one.why]
