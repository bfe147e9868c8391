"""The flag form: one document with all its questions, and what a reporter may add later."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional, ValidationError

from portal.base.phones import normal_phone
from portal.flags import words
from portal.flags.answers import (
    Age,
    Answers,
    Aware,
    Called,
    Caller,
    CallTime,
    Contact,
    Danger,
    Identity,
    KeepFrom,
    Known,
    Need,
    Relation,
    Sign,
    Way,
    Who,
)
from portal.web.forms import ActForm, TickField, plain_text

LONGEST = 500
ADULT_AWARE = (Aware.WANTS_HELP, Aware.NOT_YET_WILLING, Aware.NOT_AWARE, Aware.CANNOT_ASK, Aware.UNKNOWN)
CHILD_AWARE = (Aware.CHILD_KNOWS, Aware.CHILD_NOT_AWARE, Aware.UNKNOWN)
NOBODY = "nobody"
_CHILDREN = {Who.GIRL, Who.BOY}
_CHILD_AGES = {Age.UNDER_6, Age.UNDER_13, Age.UNDER_18}


class _Cards(RadioField):
    """One answer of a list of codes. Left open it is None: what must be answered says so itself."""

    def __init__(self, text: Any, codes: Iterable[StrEnum], **kwargs: Any) -> None:
        self.codes = tuple(codes)
        super().__init__(text, validators=[Optional()], **kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.choices = [(code.value, words.label(code)) for code in self.codes]
        super().process(*args, **kwargs)

    @property
    def code(self) -> Any:
        """The chosen code, or None."""
        return next((code for code in self.codes if code.value == self.data), None)

    @property
    def said(self) -> str:
        """The chosen answer in words; empty where none is."""
        return words.label(self.code) if self.code else ""


class _Ticks(TickField):
    """Any number of a list of codes. `nobody` names an answer that stands for none of them."""

    def __init__(self, text: Any, codes: Iterable[StrEnum], nobody: Any = "", **kwargs: Any) -> None:
        self._codes, self._nobody = tuple(codes), nobody
        super().__init__(text, **kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.choices = [(code.value, words.label(code)) for code in self._codes]
        if self._nobody:
            self.choices.append((NOBODY, str(self._nobody)))
        super().process(*args, **kwargs)

    @property
    def codes(self) -> tuple[Any, ...]:
        """The chosen codes, in the order of the page."""
        return tuple(code for code in self._codes if code.value in (self.data or ()))

    @property
    def said(self) -> str:
        """The chosen answers in words, a line each; empty where none is."""
        return "\n".join(words.label(code) for code in self.codes)


def _short(text: Any, size: int) -> StringField:
    return StringField(text, [Length(max=size)], filters=[plain_text])


class FlagForm(ActForm):
    """All steps of ux section 3. The emergency lane needs only the danger, who called, and the place.

    `places` are the areas' keys by the words of where it may be, the reporter's own place first; `school`
    is the name of her school.
    """

    danger = _Cards(_l("Is this person in danger right now?"), Danger)
    called = _Cards(_l("Call first"), Called)
    who = _Cards(_l("Who are you worried about?"), Who)
    age = _Cards(_l("About how old?"), Age)
    needs = _Ticks(_l("Do they need special help? (may be skipped)"), Need)
    signs = _Ticks(_l("What makes you worried?"), Sign)
    story = TextAreaField(_l("Tell it briefly (may be skipped)"), [Length(max=LONGEST)], filters=[plain_text])
    known = _Cards(_l("How do you know?"), Known)
    relation = _Cards(_l("Who are you to them? (may be skipped)"), Relation)
    place = SelectField(_l("Where can officers find them?"))
    rt = _short(_l("RT"), 10)
    landmark = _short(_l("Landmark"), 120)
    nickname = _short(_l("Nickname"), 40)
    school = _short(_l("Name of the school"), 80)
    aware = _Cards(_l("Do they know that you are passing this on?"), ADULT_AWARE)
    child_aware = _Cards(_l("Does the child know that you are passing this on?"), CHILD_AWARE)
    contact = _Cards(_l("Whom may officers contact?"), Contact, default=Contact.REPORTER.value)
    person_phone = _short(_l("Their number"), 30)
    person_time = _short(_l("Safe hours"), 60)
    person_ways = _Ticks(_l("How?"), Way)
    call_times = _Ticks(_l("When is it safe to call you?"), CallTime)
    shared_phone = RadioField(_l("Do you share your phone with family?"), default="yes")
    keep_from = _Ticks(_l("Who must not know? (may be skipped)"), KeepFrom, nobody=_l("Nobody"))

    def __init__(self, places: dict[str, int], school: str = "", **kwargs: Any) -> None:
        self._places = places
        super().__init__(data={"place": next(iter(places)), "school": school}, **kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.place.choices = list(self._places)
        self.shared_phone.choices = [("yes", _("Yes")), ("no", _("No"))]
        super().process(*args, **kwargs)

    @property
    def area_id(self) -> int:
        """The key of the chosen place, which is one of those offered."""
        return self._places[self.place.data]

    @property
    def door(self) -> list[StringField]:
        """What helps to find the door; officers have to ask for it when nothing is there."""
        return [self.rt, self.landmark, self.nickname, self.school]

    @property
    def without_door(self) -> bool:
        """Whether officers will have to ask the reporter for the place."""
        return not any(field.data for field in self.door)

    @property
    def urgent(self) -> bool:
        """Whether this is the emergency lane."""
        return self.danger.code is Danger.NOW

    @property
    def about_a_child(self) -> bool:
        """Which of the two questions of step 6 applies."""
        return self.who.code in _CHILDREN or (self.who.code is not Who.WOMAN and self.age.code in _CHILD_AGES)

    @property
    def aware_asked(self) -> _Cards:
        """The one of the two questions of step 6 that fits."""
        return self.child_aware if self.about_a_child else self.aware

    @property
    def _aware(self) -> Aware | None:
        """Whether the person knows, also where only the question for the other case was answered."""
        other = self.aware if self.about_a_child else self.child_aware
        answer: Aware | None = self.aware_asked.code or other.code
        return answer

    @property
    def aware_said(self) -> str:
        """The same in words."""
        return words.label(self._aware) if self._aware else ""

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        for field, message in self._unanswered():
            field.errors = field.errors or [message]
            valid = False
        return valid

    def _unanswered(self) -> list[tuple[Any, str]]:
        """The questions that cannot be left open, with what to do about each."""
        if self.urgent:
            return []
        one = _("Choose one answer. If in doubt, choose I do not know.")
        missing = [(field, one) for field in (self.danger, self.who, self.known) if field.code is None]
        if not self.signs.codes:
            missing.append((self.signs, _("Choose at least one. If it is hard, choose number 8.")))
        if self._aware is None:
            missing.append((self.aware_asked, one))
        return missing

    def validate_person_phone(self, field: StringField) -> None:
        if field.data and normal_phone(field.data) is None:
            raise ValidationError(_("Write the number like 0812 3456 7890, or leave it empty."))

    def answers(self, place: str, caller: Caller | None = None) -> Answers:
        """The coded answers. `place` says where in words that name no house; `caller` who told it to an officer."""
        return Answers(
            danger=self.danger.code, called=self.called.code if self.urgent else None,
            who=self.who.code or Who.UNKNOWN, age=self.age.code or Age.UNKNOWN, needs=self.needs.codes,
            signs=self.signs.codes, known=self.known.code or Known.GUESS, relation=self.relation.code,
            aware=self._aware or Aware.UNKNOWN, contact=self.contact.code or Contact.REPORTER,
            call_times=self.call_times.codes, shared_phone=self.shared_phone.data != "no",
            keep_from=self.keep_from.codes, place=place, caller=caller,
        )

    def identity(self, *, name: str, title: str, phone: str, area: str) -> Identity:
        """What would identify somebody; the reporter's own part comes from her account."""
        return Identity(
            reporter_name=name, reporter_title=title, reporter_phone=phone, reporter_area=area,
            rt=self.rt.data, landmark=self.landmark.data, nickname=self.nickname.data, school=self.school.data,
            person_phone=normal_phone(self.person_phone.data) or "", person_time=self.person_time.data,
            person_ways=self.person_ways.codes,
        )


class AddForm(ActForm):
    """Something new, from the reporter of a concern. After an emergency also what was left open."""

    worse = RadioField(_l("Has it got worse?"), [Optional()])
    text = TextAreaField(_l("What is new?"), [Length(max=LONGEST)], filters=[plain_text])
    who = _Cards(_l("Who are you worried about?"), Who)
    age = _Cards(_l("About how old?"), Age)
    signs = _Ticks(_l("What makes you worried?"), Sign)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.worse.choices = [("yes", _("Yes")), ("no", _("No")), ("unknown", _("Do not know"))]
        super().process(*args, **kwargs)

    def validate_text(self, field: TextAreaField) -> None:
        if not (field.data or self.worse.data == "yes" or self.who.code or self.age.code or self.signs.codes):
            raise ValidationError(_("Write what is new, or go back."))

    def content(self) -> dict[str, Any]:
        """What is sealed to the unit."""
        return {"text": self.text.data, "worse": self.worse.data or "unknown", "who": self.who.code,
                "age": self.age.code, "signs": [sign.value for sign in self.signs.codes]}


class AnswerForm(ActForm):
    """The reporter's answer to an officer's question."""

    question = HiddenField()  # the one that this page shows: another may be out by the time she sends
    text = TextAreaField(_l("Your answer"), [Length(max=LONGEST)], filters=[plain_text])
    call_times = _Ticks(_l("When is it safe to call you?"), CallTime)

    hours_first = False  # where they are what was asked for

    def __iter__(self) -> Iterator[Field]:
        return iter(sorted(super().__iter__(), key=lambda field: self.hours_first and field is self.text))

    def validate_text(self, field: TextAreaField) -> None:
        if not field.data and not self.call_times.codes:
            raise ValidationError(_("Write an answer, or choose when to call."))

    def content(self) -> dict[str, Any]:
        """What is sealed to the unit."""
        return {"text": self.text.data, "call_times": [time.value for time in self.call_times.codes]}
