"""Signing in: as little as can be asked, and the same words for unknown and wrong. People and settings."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Field,
    FileField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, Regexp, ValidationError

from portal.accounts.passwords import LONGEST, normalised
from portal.accounts.sheet_text import BadSheet, Share, read
from portal.accounts.sheet_words import bad_sheet
from portal.web import config
from portal.web.forms import ActForm, BaseForm, plain_text


def _secret_text(value: str | None) -> str:
    """A secret as it is compared: one form for what looks the same. Blanks in it count."""
    return normalised(value or "")


def _secret_field(label: Any, missing: Any, **kwargs: Any) -> PasswordField:
    return PasswordField(label, [InputRequired(missing), Length(max=LONGEST)], filters=[_secret_text], **kwargs)


class _SignInForm(BaseForm):
    next = HiddenField()
    carried = HiddenField()


class _ProofForm(_SignInForm):
    """What a phone's script adds: the answer of its key, and of a passkey where one was set up."""

    device = HiddenField()
    challenge = HiddenField()
    proof = HiddenField()
    passkey = HiddenField()


class DeviceSignInForm(_ProofForm):
    """For a phone that is known: the PIN alone."""

    pin = _secret_field(_l("PIN"), _l("Enter your PIN."))


class CardSignInForm(_SignInForm):
    """For any phone, with a printed card."""

    who = StringField(_l("Phone number or account code"),
                      [InputRequired(_l("Enter your phone number or account code.")), Length(max=30)],
                      filters=[plain_text])
    pin = _secret_field(_l("PIN"), _l("Enter your PIN."), id="card-pin")
    code = StringField(_l("Code from your card"), [InputRequired(_l("Enter a code from your card.")), Length(max=20)],
                       filters=[plain_text])


class StaffSignInForm(_SignInForm):
    """For staff: sign-in name, passphrase, and the code of the moment or a passkey."""

    challenge = HiddenField()
    passkey = HiddenField()
    name = StringField(_l("Sign-in name"), [InputRequired(_l("Enter your sign-in name.")), Length(max=40)],
                       filters=[plain_text])
    passphrase = _secret_field(_l("Passphrase"), _l("Enter your passphrase."))
    code = StringField(_l("6-digit code from your app"), [Length(max=12)], filters=[plain_text])

    def validate_code(self, field: StringField) -> None:
        """Needed unless a passkey stands in its place."""
        if not field.data and not self.passkey.data:
            raise ValidationError(_("Enter the code from your app."))


class ResumeForm(_ProofForm):
    """After a pause: only the secret again. The sign-in itself still stands."""

    secret = _secret_field(_l("PIN or passphrase"), _l("Enter your PIN."))


class InvitationForm(BaseForm):
    """The code that was handed over."""

    code = StringField(_l("Invitation code"), [InputRequired(_l("Enter the code you were given.")), Length(max=30)],
                       filters=[plain_text])


class EnrolForm(BaseForm):
    """A cadre's first step: a PIN. The rest is the phone's."""

    code = HiddenField()
    challenge = HiddenField()
    key = HiddenField()
    proof = HiddenField()
    card = HiddenField()
    secret = _secret_field(_l("Choose a PIN"), _l("Choose a PIN."))


class StaffEnrolForm(BaseForm):
    """A staff member's first step: a passphrase, and a second factor that has shown that it works."""

    code = HiddenField()
    totp = HiddenField()
    secret = _secret_field(_l("Choose a passphrase"), _l("Choose a passphrase."))
    again = _secret_field(_l("The same passphrase again"), _l("Enter the passphrase a second time."))
    app_code = StringField(_l("6-digit code from your app"),
                           [InputRequired(_l("Enter the code from your app.")), Length(max=12)], filters=[plain_text])

    def validate_again(self, field: PasswordField) -> None:
        """Nobody can send her a new one: a slip must show at once."""
        if field.data != self.secret.data:
            raise ValidationError(_("The two passphrases are not the same."))


class PhoneForm(BaseForm):
    """Whether others pick up this phone too."""

    mine = RadioField(_l("Who uses this phone?"), default="0")

    def process(self, *args: Any, **kwargs: Any) -> None:
        soon, late = config.settings().cadre_idle_minutes, config.settings().own_phone_idle_minutes
        self.mine.choices = [("0", _("My family too. It locks after %(num)s minutes.", num=soon)),
                             ("1", _("Only I. It locks after %(num)s minutes.", num=late))]
        super().process(*args, **kwargs)


_NAME = [InputRequired(_l("Enter a name.")), Length(max=60)]


class PersonForm(ActForm):
    """A new person, or a correction of one."""

    name = StringField(_l("Name, as she likes to be called"), _NAME, filters=[plain_text])
    role = SelectField(_l("Role"))
    place = SelectField(_l("Area or school"), validators=[Optional()])
    title = StringField(_l("Title, such as guru wali (may be left empty)"), [Length(max=60)], filters=[plain_text])
    phone = TelField(_l("Phone number (may be left empty)"), [Length(max=30)], filters=[plain_text])
    sign_in_name = StringField(_l("Sign-in name"), [Optional(), Length(max=40), Regexp(
        r"^[a-zA-Z0-9][a-zA-Z0-9._-]{2,39}$", message=_l("Use 3 letters, digits, dots or dashes or more."))],
        filters=[plain_text])
    card = BooleanField(_l("Print a card of codes too, for an old phone"))


class DescribeForm(ActForm):
    """How a person is called, and her number."""

    name = StringField(_l("Name, as she likes to be called"), _NAME, filters=[plain_text])
    title = StringField(_l("Title, such as guru wali (may be left empty)"), [Length(max=60)], filters=[plain_text])
    phone = TelField(_l("Phone number (may be left empty)"), [Length(max=30)], filters=[plain_text])


class RoleForm(ActForm):
    """Another role or place."""

    role = SelectField(_l("Role"))
    place = SelectField(_l("Area or school"))


class BulkForm(BaseForm):
    """Many people at once, from a table."""

    table = TextAreaField(_l("Paste the table here"), filters=[lambda text: (text or "").replace("\x00", "")])
    file = FileField(_l("Or choose a CSV file"))


class MakeAllForm(ActForm):
    """The table that was looked at, to be made as it stands."""

    table = HiddenField()


class SecretForm(ActForm):
    """A new PIN or passphrase."""

    old = _secret_field(_l("Your PIN or passphrase now"), _l("Enter your PIN."))
    new = _secret_field(_l("The new one"), _l("Choose a PIN."))
    again = _secret_field(_l("The new one again"), _l("Enter the new one a second time."))

    def validate_again(self, field: PasswordField) -> None:
        """A slip must show at once."""
        if field.data != self.new.data:
            raise ValidationError(_("The two are not the same."))


class LookForm(BaseForm):
    """How the pages look to her."""

    text_size = RadioField(_l("Text size"), default="100")
    shortcuts = BooleanField(_l("Use shortcut keys in the queue"))

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.text_size.choices = [("100", _("Normal")), ("115", _("Large")), ("130", _("Very large"))]
        super().process(*args, **kwargs)


class PasskeyForm(BaseForm):
    """A passkey that the browser has just made."""

    challenge = HiddenField()
    answer = HiddenField()


class SheetsForm(ActForm):
    """The three recovery sheets, typed in again from paper."""

    first = TextAreaField(_l("Sheet 1"), filters=[plain_text])
    second = TextAreaField(_l("Sheet 2"), filters=[plain_text])
    third = TextAreaField(_l("Sheet 3"), filters=[plain_text])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.shares: list[Share] = []
        super().__init__(*args, **kwargs)

    def validate_first(self, field: Field) -> None:
        self._read(field)

    def validate_second(self, field: Field) -> None:
        self._read(field)

    def validate_third(self, field: Field) -> None:
        self._read(field)

    def _read(self, field: Field) -> None:
        try:
            self.shares.append(read((field.data or "")[:2000]))
        except BadSheet as bad:
            raise ValidationError(f"{field.label.text}: {bad_sheet(bad.groups, bad.count)}") from bad
