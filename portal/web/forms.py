"""The base of every form: messages in the person's language, one answer a question, one use."""

import json
from collections import Counter
from typing import Any

from flask_babel import get_translations, gettext
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.web import carry, config, sealed

_NOT_ANSWERS = {"csrf_token", "once", "action"}


class _Translations:
    """WTForms' own messages, looked up in the project's catalogue: it has no Indonesian one."""

    def gettext(self, text: str) -> str:
        return gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return get_translations().ngettext(one, many, count)  # WTForms puts in the number itself, by other names


class BaseForm(FlaskForm):
    """A form. A single-answer question that comes twice is refused, not guessed."""

    class Meta:
        def get_translations(self, _form: Any) -> _Translations:
            return _Translations()

    def process(self, formdata: Any = None, *args: Any, **kwargs: Any) -> None:
        self._sent = self.meta.wrap_formdata(self, formdata)
        super().process(formdata, *args, **kwargs)

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        for name, field in self._fields.items():
            if self._sent and not _takes_many(field) and len(self._sent.getlist(name)) > 1:
                field.errors = [*field.errors, gettext("Give one answer here.")]
                valid = False
        return valid

    def accepted(self) -> bool:
        """Whether this request submits the form and every answer stands. Answers that were brought
        back after a sign-in are shown again first, never acted on."""
        return self.is_submitted() and not carry.restored() and self.validate()

    def all_errors(self) -> list[tuple[str, str]]:
        """(field id, message) of every fault, in the order of the page, for the summary on top; without an id where
        nothing is to be seen. What would stand there twice alike is told apart by its question."""
        found = [(field, message) for field in self for message in field.errors if message]
        said = Counter(message for _field, message in found)
        return [("" if isinstance(field, HiddenField) else field.id,
                 message if said[message] == 1 else _about(field, message)) for field, message in found]


def _about(field: Field, message: str) -> str:
    question = str(field.label.text).rstrip()
    return f"{question} {message}" if question.endswith(("?", ".", ":")) else f"{question}: {message}"


class ActForm(BaseForm):
    """A form that does something: its one-use key makes a second tap, a retry or a replay harmless."""

    once = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.once.raw_data:  # refused or brought back: its answers stand in the page alone (scripts/lock.js)
            self.once.render_kw = {"data-filled": True}
        if not self.once.data:
            self.once.data = sealed.new_once(config.keys(), current_user.account_id)

    def validate_once(self, field: Field) -> None:
        sent = next(iter(field.raw_data or ()), "")  # not `data`: a form without a key has been given one to show
        if not sealed.is_once_of(config.keys(), sent, current_user.account_id):
            field.data = sealed.new_once(config.keys(), current_user.account_id)
            raise ValidationError(gettext("This form is too old. Check your answers, then send again."))

    def body(self) -> str:
        """The answers as one string, to tell a repeated form from a different one."""
        return json.dumps([(name, str(field.data)) for name, field in sorted(self._fields.items())
                           if name not in _NOT_ANSWERS])


class TickField(SelectMultipleField):
    """Any number of a list of answers, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def plain_text(text: str | None) -> str:
    """A filter for text fields: line ends made one kind, no control characters, and trimmed of what is left then."""
    lines = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c == "\n" or (ord(c) >= 32 and ord(c) != 127)).strip()  # noqa: PLR2004


def _takes_many(field: Field) -> bool:
    return isinstance(field, SelectMultipleField)
