"""The session log: one page, mostly taps, and six numbers at most."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from portal.areas.queries import Place
from portal.outreach import codes, lists
from portal.outreach.commands import Held
from portal.outreach.models import HEADS
from portal.web import config
from portal.web.forms import ActForm, TickField, plain_text

FURTHEST_BACK = timedelta(days=60)
MOST = 999
MANY = 300
"""From this many people on, the form asks once whether the number is right."""


class HeadCount(StringField):
    """How many came: digits, however they were typed. Left empty it means none."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = "".join((valuelist[0] if valuelist else "").split())
        self.typed, self.data = text, 0
        if not text:
            return
        if not (text.isdecimal() and len(text) <= 6):  # noqa: PLR2004
            raise ValueError(_("Enter a whole number, like 12."))
        self.data = int(text)
        if self.data > MOST:
            raise ValueError(_("At most 999 in one box."))

    def _value(self) -> str:
        return getattr(self, "typed", "") or (str(self.data) if self.data else "")


def one_line(text: str | None) -> str:
    """A filter for names: plain text on one line."""
    return plain_text(" ".join((text or "").split()))


def _heads(label: Any) -> HeadCount:
    return HeadCount(label)


class OutreachForm(ActForm):
    """What ux section 4 asks, with its defaults: today, here, and nobody in an empty box."""

    when = RadioField(_l("When?"), default="today")
    held_on = DateField(_l("Date"), [Optional()])
    place = SelectField(_l("Where?"))
    topics = TickField(_l("About what?"))
    girls = _heads(_l("Children, female"))
    boys = _heads(_l("Children, male"))
    women = _heads(_l("Adults, female"))
    men = _heads(_l("Adults, male"))
    older_women = _heads(_l("Older people, female"))
    older_men = _heads(_l("Older people, male"))
    audiences = TickField(_l("Who took part?"))
    speaker = StringField(_l("Speaker"), [Length(max=60)], filters=[one_line])
    institution = StringField(_l("From which institution?"), [Length(max=80)], filters=[one_line])
    materials = TickField(_l("What was shown or handed out?"))
    funding = SelectField(_l("Who paid for it?"), default="")
    note = StringField(_l("Note"), [Length(max=300)], filters=[plain_text])
    sure = HiddenField()
    plan = HiddenField()
    version = HiddenField()

    def __init__(self, places: list[Place], first_topics: Iterable[str] = (), earliest: date | None = None,
                 **kwargs: Any) -> None:
        """`earliest` is a day that stands already, and may stay however long ago it is."""
        first = [code for code in first_topics if code in codes.topics() and code != codes.OTHER]
        order = [*first, *(code for code in codes.topics() if code not in first)]
        self._topics = [(code, lists.topic_label(code)) for code in _with_kept(order, kwargs, "topics")]
        self._audiences = [(code, lists.audience_label(code))
                           for code in _with_kept(codes.audiences(), kwargs, "audiences")]
        self._materials = [(code, lists.material_label(code))
                           for code in _with_kept(codes.materials(), kwargs, "materials")]
        paid = kwargs.get("data", {}).get("funding", "")
        self._funding = [(code, lists.funding_label(code))
                         for code in dict.fromkeys([*codes.funding_sources(), *([paid] if paid else [])])]
        self._places, self._earliest = places, earliest
        super().__init__(**kwargs)
        if self.place.data in {None, "None"} and places:
            self.place.data = str(places[0].area_id)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.when.choices = [("today", _("Today")), ("other", _("Another day"))]
        self.place.choices = [(str(place.area_id), _said(place)) for place in self._places]
        self.topics.choices = self._topics
        self.audiences.choices = self._audiences
        self.materials.choices = self._materials
        self.funding.choices = [("", _("Not said")), *self._funding]
        super().process(*args, **kwargs)

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        if self.when.data == "other" and self.held_on.data is None and not self.held_on.errors:
            self.held_on.errors = [_("Choose the day.")]
            valid = False
        heads = [getattr(self, name) for name in HEADS]
        if not any(field.errors for field in heads) and self.total < 1:
            self.girls.errors = [_("Enter how many people came. Roughly is fine.")]
            valid = False
        return valid

    def validate_when(self, field: RadioField) -> None:
        """Without script the date stands beside the choice: one that was filled in is not passed over."""
        if field.data == "today" and any(self.held_on.raw_data or ()) and self.held_on.data != config.today():
            self.held_on.process_errors = []
            raise ValidationError(_("You chose today and a date. Choose one of the two."))

    def validate_held_on(self, field: DateField) -> None:
        if self.when.data != "other" or field.data is None:
            return
        now = config.today()
        if field.data > now:
            raise ValidationError(_("That day has not come yet."))
        if field.data < min(now - FURTHEST_BACK, self._earliest or now):
            raise ValidationError(_("More than 60 days ago? Ask your coordinator."))

    def validate_topics(self, field: TickField) -> None:
        if not field.data:
            raise ValidationError(_("Choose at least one topic."))

    @property
    def total(self) -> int:
        """How many came, all together."""
        return sum(getattr(self, name).data or 0 for name in HEADS)

    def held(self) -> Held:
        """The session as the command takes it."""
        day: date = self.held_on.data if self.when.data == "other" else config.today()
        return Held(int(self.place.data), day, tuple(sorted(set(self.topics.data))),
                    **{name: getattr(self, name).data or 0 for name in HEADS},
                    audiences=tuple(dict.fromkeys(self.audiences.data or ())),
                    materials=tuple(dict.fromkeys(self.materials.data or ())), funding=self.funding.data or "",
                    speaker=self.speaker.data, institution=self.institution.data, note=self.note.data)

    @property
    def says_more(self) -> bool:
        """Whether anything that may be skipped was filled in, or has a fault: then it stands open."""
        fields = (self.audiences, self.materials, self.funding, self.speaker, self.institution, self.note)
        return any(field.data or field.errors for field in fields)

    @property
    def seen_version(self) -> int:
        """The version of the session that the page showed; 0, which none has, for anything that is no number."""
        sent = "".join(self.version.raw_data or ())
        return int(sent) if sent.isdecimal() and len(sent) <= 9 else 0  # noqa: PLR2004


def _with_kept(offered: Iterable[str], given: dict[str, Any], name: str) -> list[str]:
    """What is offered, and what a session that is corrected says already, though the list no longer has it."""
    return list(dict.fromkeys([*offered, *given.get("data", {}).get(name, ())]))


def _said(place: Place) -> str:
    """Where, in words."""
    if place.kelurahan_name and place.level != "kelurahan":
        return _("%(place)s, Kelurahan %(name)s", place=place.name, name=place.kelurahan_name)
    return place.name


class ForthcomingForm(ActForm):
    """ "Did anybody come forward?" after a session was saved: one tap, which only counts."""

    answer = HiddenField()
    month = HiddenField()

    def validate_answer(self, field: HiddenField) -> None:
        if field.data not in {"yes", "no"}:
            raise ValidationError(_("Choose an answer."))

    def validate_month(self, field: HiddenField) -> None:
        """The month of a session that could be logged today, by its first day."""
        now = config.today()
        months = {day.replace(day=1).isoformat() for day in (now, now - FURTHEST_BACK / 2, now - FURTHEST_BACK)}
        if field.data not in months:
            raise ValidationError(_("This form is too old. Check your answers, then send again."))
