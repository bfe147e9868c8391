"""The forms of the sheet. Field names differ from form to form, because all stand on one page."""

from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, HiddenField, RadioField, SelectField, StringField, TextAreaField, TimeField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from portal.base.clock import now
from portal.casework.forms import DeskForm, long_enough, soon_enough, with_blank
from portal.casework.words import CLOSE_REASONS, close_reason
from portal.flags.deadlines import furthest_step
from portal.flags.life import Move, Risk
from portal.flags.words import CLOSINGS, QUESTIONS, closing, question
from portal.followup import words
from portal.followup.commands import Action, Closing
from portal.followup.sheets import Candidate, Sheet
from portal.web import config
from portal.web.forms import ActForm, plain_text
from portal.web.locale import local

NOTE = 2000
SHORT = 300
_CLOCK_SKEW = timedelta(minutes=5)
_ONE = _l("Choose one.")


class TakeForm(DeskForm):
    """Taking needs no word."""


class WithdrawForm(DeskForm):
    """Nor does withdrawing a question."""


class IdentityForm(ActForm):
    """Why names and places are to be opened."""

    why_open = SelectField(_l("Why do you need it?"), [InputRequired(_ONE)])

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.why_open.choices = with_blank([(code, words.identity_reason(code)) for code in words.IDENTITY_REASONS])
        super().process(*args, **kwargs)


class AssignForm(DeskForm):
    """To which colleague."""

    officer = SelectField(_l("Officer"), [InputRequired(_ONE)])
    why_moved = StringField(_l("Why is it passed on? (may be skipped)"), [Length(max=SHORT)], filters=[plain_text])

    def __init__(self, officers: list[Candidate], **kwargs: Any) -> None:
        self._officers = officers
        super().__init__(**kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.officer.choices = with_blank([(str(one.id), words.officer_with(one.name, one.has))
                                           for one in self._officers])
        super().process(*args, **kwargs)


class AssessForm(DeskForm):
    """The risk, and why."""

    risk = RadioField(_l("How high is the risk?"), [InputRequired(_ONE)])
    why_risk = TextAreaField(_l("Why?"), [DataRequired(_l("Say why, in a few words.")), Length(max=NOTE)],
                             filters=[plain_text])

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.risk.choices = [(risk.value, words.risk(risk)) for risk in Risk]
        super().process(*args, **kwargs)

    def validate_why_risk(self, field: Field) -> None:
        long_enough(field)


class ActionForm(DeskForm):
    """What was done, and what comes next."""

    day = DateField(_l("Day"), [InputRequired(_l("Enter the day."))])
    clock = TimeField(_l("Time"), [InputRequired(_l("Enter the time."))])
    way = RadioField(_l("Way"), [InputRequired(_ONE)])
    result = RadioField(_l("With what result?"), [InputRequired(_ONE)])
    note = TextAreaField(_l("Note"), [DataRequired(_l("Write what was done.")), Length(max=NOTE)],
                         filters=[plain_text])
    next_step = StringField(_l("Next step"), [DataRequired(_l("Write what comes next.")), Length(max=SHORT)],
                            filters=[plain_text])
    next_on = DateField(_l("By when?"), [InputRequired(_l("Enter the day of the next step."))])

    def __init__(self, earliest: date, ever_high: bool, **kwargs: Any) -> None:
        """`earliest` is the day in the city on which the concern came: nothing was done before. `ever_high`: the
        risk is or ever was high, so that it must not wait for long."""
        self._earliest, self.ever_high = earliest, ever_high
        super().__init__(**kwargs)
        self.next_on.render_kw = {"max": furthest_step(config.today(), ever_high=ever_high).isoformat()}

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.way.choices = [(code, words.way(code)) for code in words.WAYS]
        self.result.choices = [(code, words.result(code)) for code in words.RESULTS]
        super().process(*args, **kwargs)

    def suggest(self, next_on: date) -> None:
        """Fill in now, and the next working day."""
        here = now().astimezone(config.settings().timezone)
        self.day.data, self.clock.data, self.next_on.data = here.date(), here.time(), next_on

    def validate_clock(self, field: Field) -> None:
        if not (self.day.data and field.data):
            return
        if self._at() > now() + _CLOCK_SKEW:
            raise ValidationError(_("That has not happened yet. Enter when it was done."))
        if self.day.data < self._earliest:
            raise ValidationError(_("That is before the concern came. Check the date."))

    def validate_next_on(self, field: Field) -> None:
        if not field.data:
            return
        if field.data < config.today():
            raise ValidationError(_("That day is over. Choose today or later."))
        soon_enough(field, ever_high=self.ever_high)
        if field.data > furthest_step(config.today(), ever_high=self.ever_high):
            raise ValidationError(_("That is more than a year ahead. Check the date."))

    def action(self) -> Action:
        """The action as the command takes it."""
        return Action(self._at(), self.way.data, self.result.data, self.note.data, self.next_step.data,
                      self.next_on.data)

    def _at(self) -> datetime:
        return datetime.combine(self.day.data, self.clock.data, config.settings().timezone)


class AskForm(DeskForm):
    """One of the template questions, exactly as the reporter will read it."""

    template = RadioField(_l("Question"), [InputRequired(_ONE)])

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.template.choices = [(code, question(code)) for code in QUESTIONS]
        super().process(*args, **kwargs)


class CloseForm(DeskForm):
    """Why the work ends, for the unit, and what the reporter will read."""

    reason = RadioField(_l("Why does the work end?"), [InputRequired(_ONE)])
    remark = TextAreaField(_l("Remark for the unit (may be skipped)"), [Length(max=NOTE)], filters=[plain_text])
    closing = RadioField(_l("What the cadre will read"), [InputRequired(_ONE)])

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.reason.choices = [(code, close_reason(code)) for code in CLOSE_REASONS]
        self.closing.choices = [(code, closing(code)) for code in CLOSINGS]
        super().process(*args, **kwargs)

    def as_closing(self) -> Closing:
        """The closing as the command takes it."""
        return Closing(self.reason.data, self.remark.data, self.closing.data)


class ReopenForm(DeskForm):
    """Why it begins again."""

    why_again = TextAreaField(_l("Why is it opened again?"),
                              [DataRequired(_l("Say why, in a few words.")), Length(max=NOTE)],
                              filters=[plain_text])

    def validate_why_again(self, field: Field) -> None:
        long_enough(field)


def of_sheet(sheet: Sheet, next_day: date, sent: ActForm | None) -> dict[str, ActForm]:
    """The forms that a sheet shows, by the name of their move: fresh ones, and the one that was sent as it
    was sent. `identity` is there always."""
    made: dict[str, ActForm] = {"identity": IdentityForm(formdata=None)}
    for move in sheet.moves:
        if move is Move.ASSIGN and sheet.candidates:
            made[move] = AssignForm(sheet.candidates.officers, formdata=None)
        elif move is Move.ACT:
            made[move] = ActionForm(local(sheet.line.received_at).date(), sheet.case.takes_two, formdata=None)
        elif move in _OF_MOVE:
            made[move] = _OF_MOVE[move](formdata=None)
    for name, form in made.items():
        if isinstance(form, ActionForm):
            form.suggest(next_day)
        if isinstance(form, DeskForm):
            form.version.data = str(sheet.line.version)
        if type(form) is type(sent) and sent.is_submitted():
            made[name] = sent
    return made


def typed(form: ActForm) -> list[tuple[str, str]]:
    """(label, text) of whatever was written into a form, for when it can no longer be saved."""
    return [(str(field.label.text), field.data) for field in form
            if isinstance(field, StringField) and not isinstance(field, HiddenField) and field.data]


_OF_MOVE: dict[Move, type[DeskForm]] = {
    Move.TAKE: TakeForm, Move.ASSESS: AssessForm, Move.ASK: AskForm,
    Move.WITHDRAW_QUESTION: WithdrawForm, Move.REOPEN: ReopenForm,
}
