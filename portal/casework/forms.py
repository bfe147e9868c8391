"""The forms of casework, each on a page of its own; and what every form of an act on a concern has."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import BooleanField, DateField, Field, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from portal.base.codelists import Entry
from portal.base.reference import read_reference
from portal.casework import codes, words
from portal.casework.commands import Assessment, GivenService
from portal.casework.early import GROUNDS
from portal.casework.holds import REASONS as HOLD_REASONS
from portal.casework.records import Codes
from portal.flags.deadlines import LONGEST_PAUSE, furthest_step
from portal.flags.life import Risk
from portal.web import config, sealed
from portal.web.forms import ActForm, TickField, plain_text

NOTE = 2000
SHORT = 300
_LEAST_REASON = 10
_LEAST_REASON_ALONE = 20
_ONE = _l("Choose one.")
_WHY = _l("Say why, in a few words.")


class DeskForm(ActForm):
    """An act on a concern, made against the version that the page showed."""

    version = HiddenField()

    @property
    def seen(self) -> int:
        """The version that the officer saw; one that never was when the field was tampered with."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1  # noqa: PLR2004

    def again(self, version: int) -> None:
        """Make ready to be saved anew on top of what others have changed meanwhile."""
        self.version.data = str(version)
        self.once.data = sealed.new_once(config.keys(), current_user.account_id)


class ReasonForm(DeskForm):
    """An act that needs a reason and nothing else."""

    why = TextAreaField(_l("Why?"), [DataRequired(_WHY), Length(max=NOTE)], filters=[plain_text])

    def validate_why(self, field: Field) -> None:
        long_enough(field)


class HoldForm(DeskForm):
    """Keeping a concern from deletion: for one of a few reasons, and perhaps a case number."""

    reason = RadioField(_l("Why must it be kept?"), [InputRequired(_ONE)])
    text = StringField(_l("Number or remark (optional)"), [Length(max=SHORT)], filters=[plain_text])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reason.choices = [(code, words.hold_reason(code)) for code in HOLD_REASONS]


class EarlyForm(DeskForm):
    """Proposing to delete a concern before its time: on one of two grounds, and how that is known."""

    ground = RadioField(_l("On what ground?"), [InputRequired(_ONE)])
    why = TextAreaField(_l("Why?"), [DataRequired(_WHY), Length(max=NOTE)], filters=[plain_text])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ground.choices = [(code, words.ground(code)) for code in GROUNDS]

    def validate_why(self, field: Field) -> None:
        long_enough(field)


class AloneForm(DeskForm):
    """Acting alone: a reason that says more than a word, and that nobody could be reached."""

    why = TextAreaField(_l("Why can it not wait?"), [DataRequired(_WHY), Length(max=NOTE)], filters=[plain_text])
    tried = BooleanField(_l("I have tried to reach a colleague"),
                         [InputRequired(_l("Try to reach a colleague first. Then tick this."))])

    def validate_why(self, field: Field) -> None:
        long_enough(field, _LEAST_REASON_ALONE)


class DecideForm(DeskForm):
    """Agree to a proposal, refuse it with a reason, or take one's own back: by the button."""

    why = TextAreaField(_l("Why not? (only when you do not agree)"), [Length(max=NOTE)], filters=[plain_text])

    def __init__(self, decision: str, **kwargs: Any) -> None:
        self._decision = decision
        super().__init__(**kwargs)

    def validate_why(self, field: Field) -> None:
        if self._decision == "decline":
            long_enough(field)


class PauseForm(ReasonForm):
    """Until when a deadline is put off."""

    until = DateField(_l("Until when?"), [InputRequired(_l("Enter the day."))])

    def validate_until(self, field: Field) -> None:
        within(field, earliest=config.today(), latest=config.today() + LONGEST_PAUSE)


class RecordForm(DeskForm):
    """A short record: where it was said, or under which number."""

    text = StringField(_l("Where, and under which number?"), [Length(max=SHORT)], filters=[plain_text])


class TicketForm(DeskForm):
    """The number in the national system."""

    number = StringField(_l("Number in SIMFONI PPA"), [DataRequired(_l("Enter the number.")), Length(max=60)],
                         filters=[plain_text])


class CodedForm(DeskForm):
    """The whole assessment: the risk and why, and what is counted."""

    risk = RadioField(_l("How high is the risk?"), [InputRequired(_ONE)])
    why = TextAreaField(_l("Why?"), [DataRequired(_WHY), Length(max=NOTE)], filters=[plain_text])
    forms = TickField(_l("Forms of violence"), [DataRequired(_l("Choose at least one form of violence."))])
    sex = RadioField(_l("Sex"), [InputRequired(_ONE)])
    age = SelectField(_l("Age"), [InputRequired(_ONE)])
    disability = SelectField(_l("Disability"), [InputRequired(_ONE)])
    place = SelectField(_l("Where it happened"), [InputRequired(_ONE)])
    relation = SelectField(_l("What the suspected person is to them"), [InputRequired(_ONE)])

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.risk.choices = [(risk.value, _risks()[risk]) for risk in Risk]
        self.forms.choices = words.choices(codes.forms())
        self.sex.choices = words.choices(codes.sexes())
        for field, listed in ((self.age, codes.ages()), (self.disability, codes.disabilities()),
                              (self.place, codes.places()), (self.relation, codes.relations())):
            field.choices = with_blank(words.choices(listed))
        super().process(*args, **kwargs)

    def validate_why(self, field: Field) -> None:
        long_enough(field)

    def assessment(self) -> Assessment:
        """The assessment as the command takes it."""
        coded = Codes(tuple(self.forms.data), self.age.data, self.sex.data, self.disability.data, self.place.data,
                      self.relation.data)
        return Assessment(Risk(self.risk.data), self.why.data, coded)

    def suggest(self, risk: str | None, made: Codes | None) -> None:
        """Fill in what was assessed before."""
        self.risk.data = risk
        if made is not None:
            self.forms.data, self.age.data, self.sex.data = list(made.forms), made.age, made.sex
            self.disability.data, self.place.data, self.relation.data = made.disability, made.place, made.relation


def _by_when() -> DateField:
    """Made by each form where it stands: fields, and what is wrong with them, come in the order they are made."""
    return DateField(_l("By when?"), [InputRequired(_l("Enter the day of the next step."))])


class NextForm(DeskForm):
    """An act after which something comes next, on a day."""

    next_on: DateField

    def __init__(self, ever_high: bool, **kwargs: Any) -> None:
        """`ever_high`: the risk is or ever was high, so that it must not wait for long."""
        self.ever_high = ever_high
        super().__init__(**kwargs)
        self.next_on.render_kw = {"max": furthest_step(config.today(), ever_high=ever_high).isoformat()}

    def validate_next_on(self, field: Field) -> None:
        soon_enough(field, ever_high=self.ever_high)
        within(field, earliest=config.today(), latest=furthest_step(config.today(), ever_high=self.ever_high))


class ServiceForm(NextForm):
    """A service that was given."""

    service = RadioField(_l("Service"), [InputRequired(_ONE)])
    stage = SelectField(_l("Stage (medical and legal only)"))
    day = DateField(_l("Day"), [InputRequired(_l("Enter the day."))])
    outcome = RadioField(_l("With what result?"), [InputRequired(_ONE)])
    note = TextAreaField(_l("Note"), [DataRequired(_l("Write what was done.")), Length(max=NOTE)],
                         filters=[plain_text])
    next_step = StringField(_l("Next step"), [DataRequired(_l("Write what comes next.")), Length(max=SHORT)],
                            filters=[plain_text])
    next_on = _by_when()

    def __init__(self, earliest: date, may_mediate: bool, sexual: bool, ever_high: bool, **kwargs: Any) -> None:
        """`earliest` is the day in the city on which the concern came. `sexual`: what is known of it now."""
        self._earliest, self._may_mediate, self._sexual = earliest, may_mediate, sexual
        super().__init__(ever_high, **kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.service.choices = words.choices(codes.services())
        self.stage.choices = [("", _("None")), *_staged()]
        self.outcome.choices = words.choices(codes.outcomes())
        super().process(*args, **kwargs)

    def validate_service(self, field: Field) -> None:
        if field.data != codes.MEDIATION or self._may_mediate:
            return
        if self._sexual:
            raise ValidationError(words.law_of_mediation())
        raise ValidationError(_("Mediation comes after the full assessment only."))

    def validate_stage(self, field: Field) -> None:
        if field.data and field.data not in codes.stages(self.service.data or "-"):
            raise ValidationError(_("That stage belongs to another service."))

    def validate_day(self, field: Field) -> None:
        within(field, earliest=self._earliest, latest=config.today())

    def given(self) -> GivenService:
        """The service as the command takes it."""
        return GivenService(self.service.data, self.stage.data or "", self.outcome.data, self.day.data,
                            self.note.data, self.next_step.data, self.next_on.data)


class ReferForm(NextForm):
    """To whom, with whose consent, and what travels."""

    to = RadioField(_l("To whom?"), [InputRequired(_l("Choose where to refer to."))])
    office = StringField(_l("Name of the office or person"), [DataRequired(_l("Write who receives the letter.")),
                                                              Length(max=SHORT)], filters=[plain_text])
    consent = RadioField(_l("Consent"), [InputRequired(_ONE)])
    request = TextAreaField(_l("What is asked for?"), [DataRequired(_l("Write what is asked for.")),
                                                         Length(max=NOTE)], filters=[plain_text])
    carry = TickField(_l("What travels in the letter?"))
    next_on = _by_when()

    def __init__(self, offered: list[tuple[str, str]], adult: bool | None, ever_high: bool, **kwargs: Any) -> None:
        """`offered` are the fields that may travel; `adult` what the assessment says of the person."""
        self._offered, self._adult = offered, adult
        super().__init__(ever_high, **kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.to.choices = words.choices(codes.destinations())
        self.consent.choices = [(code, words.consent(code)) for code in words.CONSENTS]
        self.carry.choices = self._offered
        super().process(*args, **kwargs)

    def validate_consent(self, field: Field) -> None:
        if field.data == "child" and self._adult:
            raise ValidationError(_("The assessment says that this is an adult: ask for consent."))
        if field.data == "given" and self._adult is False:
            raise ValidationError(_("The assessment says that this is a child: nobody's consent is asked."))


class HeardForm(DeskForm):
    """What the service said."""

    result = RadioField(_l("What was heard?"), [InputRequired(_ONE)])
    text = StringField(_l("Remark (may be skipped)"), [Length(max=SHORT)], filters=[plain_text])

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.result.choices = [(code, words.result(code)) for code in words.RESULTS]
        super().process(*args, **kwargs)


class HandOverForm(ReasonForm):
    """To which unit."""

    unit = RadioField(_l("To which unit?"), [InputRequired(_ONE)])

    def __init__(self, units: list[tuple[UUID, str]], **kwargs: Any) -> None:
        self._units = units
        super().__init__(**kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.unit.choices = [(str(id_), name) for id_, name in self._units]
        super().process(*args, **kwargs)


class MergeForm(DeskForm):
    """Under which concern."""

    into = StringField(_l("Code of the concern that stays"), [DataRequired(_l("Enter the code.")), Length(max=20)],
                       filters=[plain_text])

    def validate_into(self, field: Field) -> None:
        if read_reference(field.data or "") is None:
            raise ValidationError(_("That is no code. It looks like K7M-4PX."))


def long_enough(field: Field, least: int = _LEAST_REASON) -> None:
    """A reason is more than a word."""
    if len(field.data or "") < least:
        raise ValidationError(_("Write at least %(n)s characters.", n=least))


def with_blank(choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The choices of a list in which nothing is chosen yet."""
    return [("", _("Choose one")), *choices]


def within(field: Field, *, earliest: date, latest: date) -> None:
    """A day is neither before nor after these."""
    if field.data and field.data < earliest:
        raise ValidationError(_("That day is too early. Check the date."))
    if field.data and field.data > latest:
        raise ValidationError(_("That day is too late. Check the date."))


def soon_enough(field: Field, *, ever_high: bool) -> None:
    """The next step of what is or ever was high does not wait for long."""
    if ever_high and field.data and field.data > furthest_step(config.today(), ever_high=True):
        raise ValidationError(words.too_far_ahead())


def _staged() -> list[tuple[str, str]]:
    services: Mapping[str, Entry] = codes.services()
    return [(code, f"{words.said(services, entry.more['service'])}: {words.said(codes.stages(), code)}")
            for code, entry in codes.stages().items()]


def _risks() -> Mapping[Risk, str]:
    return {Risk.HIGH: _("High"), Risk.MEDIUM: _("Medium"), Risk.LOW: _("Low")}
