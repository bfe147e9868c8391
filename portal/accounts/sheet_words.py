"""What stands on a recovery sheet besides its groups, and what is said about sheets that are not right."""

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from flask_babel import force_locale, get_locale, ngettext
from flask_babel import gettext as _

from portal.accounts.sheet_text import GROUPS


@dataclass(frozen=True)
class SheetWords:
    """One sheet in one language: what it is, the facts that tell it from others, what to do with it."""

    language: str
    title: str
    what: str
    facts: list[tuple[str, str]]
    to_do: list[str]


def in_each_language(languages: tuple[str, ...], number: int, unit: str, fingerprint: str, day: date
                     ) -> list[SheetWords]:
    """The words of sheet `number`, in every language of the city: it may be read years later by anybody."""
    said = []
    for language in languages:
        with force_locale(language):
            said.append(_words(language, number, unit, fingerprint, day))
    return said


def spoken(fingerprint: str) -> str:
    """A key's fingerprint as people compare it: `3F2A 91BC 04D7 88E1`."""
    return " ".join(fingerprint[at:at + 4] for at in range(0, len(fingerprint), 4))


def kind_name(kind: str) -> str:
    """What a key opens."""
    return {"unit": _("Ordinary concerns"), "conflict": _("Concerns with a conflict of interest")}[kind]


def bad_sheet(groups: list[int], count: int = GROUPS) -> str:
    """What is wrong with a sheet as it was typed (`sheet_text.BadSheet`)."""
    if count != GROUPS:
        return _("A sheet has 24 groups of 6 signs. Here are %(count)s groups.", count=count)
    if not groups:
        return _("More than one sign in a group is wrong. Compare the sheet line by line.")
    listed = ", ".join(str(group) for group in groups)
    return ngettext("Group %(groups)s is not right. Compare it with the sheet.",
                    "Groups %(groups)s are not right. Compare them with the sheet.", len(groups), groups=listed)


def bad_kit(code: str) -> str:
    """Why sheets cannot be taken, though each is right by itself (`kits.BadKit`)."""
    return {
        "same": _("That is the same sheet twice. Every sheet has its own number."),
        "mixed": _("These sheets were not made on the same occasion. Use sheets of one set."),
        "incomplete": _("All three sheets are needed here."),
        "other": _("These sheets do not open the keys of this portal."),
        "replaced": _("These sheets are of keys that were replaced since. Use the newer sheets."),
        "account": _("She cannot hold these keys: she must be of the same unit, and have chosen a passphrase."),
        "held": _("She holds these keys already. Nothing changed."),
    }[code]


def _words(language: str, number: int, unit: str, fingerprint: str, day: date) -> SheetWords:
    return SheetWords(
        language, _("Recovery sheet %(number)s of 3", number=number),
        _("Any two of the three sheets bring the unit's keys back. One sheet alone opens nothing."),
        [(_("Unit"), unit), (_("Keys"), spoken(fingerprint)),
         (_("Made on"), format_date(day, "d MMMM y", locale=str(get_locale())))],
        [_("Put this sheet into an envelope. Seal it, and sign across the flap."),
         _("Keep the three sheets with three people, in three places. Never two together."),
         _("Do not photograph, copy or send it."),
         _("If nobody can open concerns any more, bring two sheets to whoever runs the server (keys recover)."),
         _("When newer sheets have taken its place, destroy it.")])
