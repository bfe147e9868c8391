"""The flag form for an officer on the phone: the caller first, then the same questions, read aloud."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from portal.areas.models import Area
from portal.base.phones import local_phone, normal_phone
from portal.flags.answers import Answers, Aware, Caller, Identity, Known
from portal.flags.forms import FlagForm
from portal.followup import words
from portal.followup.intake import KnownCaller
from portal.web.forms import plain_text

_FIRST = ("caller", "caller_phone", "caller_name", "call_times", "shared_phone", "danger", "called", "place", "rw",
          "rt", "landmark", "nickname", "school")
"""The questions of the page's first half, in its order; the others follow as in the cadre's form."""


class CallForm(FlagForm):
    """Who calls, from where, when she may be called back; then all that a cadre's own phone asks.

    `kelurahans` are the keys of those of the city by their names. `cadre_with` finds the account of a number,
    `rw_in` the RW of a kelurahan by its number; both answer None for what is not there.
    """

    caller = RadioField(_l("Who is calling?"), [InputRequired(_l("Choose one."))])
    caller_phone = StringField(_l("The caller's number"), [Length(max=30)], filters=[plain_text])
    caller_name = StringField(_l("The caller's name (may be skipped)"), [Length(max=60)], filters=[plain_text])
    rw = StringField(_l("RW (may be skipped)"), [Length(max=3)], filters=[plain_text])

    def __init__(self, kelurahans: dict[str, int], *, cadre_with: Callable[[str], KnownCaller | None],
                 rw_in: Callable[[int, str], Area | None], **kwargs: Any) -> None:
        self._cadre_with, self._rw_in = cadre_with, rw_in
        super().__init__({"": 0} | kelurahans, **kwargs)
        self._fields = {name: self._fields[name] for name in (*_FIRST, *self._fields)}

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.caller.choices = [(caller.value, words.caller(caller)) for caller in Caller]
        super().process(*args, **kwargs)
        self.place.choices = [("", _("Choose one")), *((name, name) for name in self._places if name)]

    @property
    def known_caller(self) -> KnownCaller | None:
        """The account of the caller, where she says that she has one. Somebody else who calls from a cadre's
        phone is not that cadre: nothing of what she tells may turn up there."""
        return self._cadre_with(self.caller_phone.data or "") if self.caller.data == Caller.CADRE else None

    @property
    def spot(self) -> Area | None:
        """The RW that was named; None when none was, or there is none with this number."""
        return self._rw_in(self._places.get(self.place.data, 0), self.rw.data) if self.rw.data else None

    def validate_caller_phone(self, field: StringField) -> None:
        if field.data and normal_phone(field.data) is None:
            raise ValidationError(_("Write the number like 0812 3456 7890, or leave it empty."))
        if self.caller.data == Caller.CADRE and self.known_caller is None:
            raise ValidationError(_("No cadre or school of this city has this number. Check it, or choose "
                                    "“Somebody else”."))

    def validate_place(self, field: StringField) -> None:
        if not field.data:
            raise ValidationError(_("Choose the kelurahan. If it is not known, choose the caller's own."))

    def validate_rw(self, field: StringField) -> None:
        if field.data and self.place.data and not self.spot:
            raise ValidationError(_("There is no RW with this number there. Check it, or leave it empty."))

    def _unanswered(self) -> list[tuple[Any, str]]:
        """Whoever tells it of herself is not asked how she knows, and whether she does."""
        needless = {"known", "aware", "child_aware"} if self._of_herself else set()
        return [(field, message) for field, message in super()._unanswered() if field.name not in needless]

    @property
    def _of_herself(self) -> bool:
        return bool(self.caller.data == Caller.PERSON)

    def answers(self, place: str) -> Answers:
        """The coded answers, with who told them."""
        told = super().answers(place, caller=Caller(self.caller.data))
        if not self._of_herself:
            return told
        knows = Aware.CHILD_KNOWS if self.about_a_child else Aware.WANTS_HELP
        return replace(told, known=Known.TOLD_BY_PERSON, aware=knows if told.aware is Aware.UNKNOWN else told.aware)

    def told_by(self, known: KnownCaller | None, area: str) -> Identity:
        """What would identify somebody. The name of a caller with an account is her account's."""
        phone = normal_phone(self.caller_phone.data)
        return self.identity(name=known.name if known else self.caller_name.data, title=known.title if known else "",
                             phone=local_phone(phone) if phone else "", area=area)
