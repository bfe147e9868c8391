"""Signing in: as little as can be asked, and the same words for unknown and wrong."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, StringField, TelField
from wtforms.validators import InputRequired, Length

from portal.web.forms import BaseForm, plain_text


class _SignInForm(BaseForm):
    next = HiddenField()
    carried = HiddenField()


class FieldSignInForm(_SignInForm):
    """For cadres and counsellors: phone number and PIN."""

    phone = TelField(_l("Phone number"), [InputRequired(_l("Enter your phone number.")), Length(max=30)],
                     filters=[plain_text])
    pin = PasswordField(_l("8-digit PIN"), [InputRequired(_l("Enter your PIN.")), Length(max=64)])


class StaffSignInForm(_SignInForm):
    """For staff: sign-in name, passphrase, and the code of the moment."""

    name = StringField(_l("Sign-in name"), [InputRequired(_l("Enter your sign-in name.")), Length(max=40)],
                       filters=[plain_text])
    passphrase = PasswordField(_l("Passphrase"),
                               [InputRequired(_l("Enter your passphrase.")), Length(max=200)])
    code = StringField(_l("6-digit code from your app"),
                       [InputRequired(_l("Enter the code from your app.")), Length(max=12)],
                       filters=[plain_text])


class ResumeForm(_SignInForm):
    """After a pause: only the secret again. The sign-in itself still stands."""

    secret = PasswordField(_l("PIN or passphrase"), [InputRequired(_l("Enter your PIN.")), Length(max=200)])
