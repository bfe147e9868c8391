"""Sending a photo of a session: a step of its own after the session was saved, which may be skipped."""

import hashlib
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField
from wtforms.validators import ValidationError

from portal.outreach import photos
from portal.web.forms import ActForm


class PhotoForm(ActForm):
    """One picture, and that those who can be seen agree. `drawn` is the picture as it will be kept."""

    photo = FileField(_l("Photo"))
    agreed = BooleanField(_l("Everybody who can be seen has agreed"))

    drawn: photos.Drawn
    _sent_bytes = b""

    def validate_photo(self, field: Any) -> None:
        self._sent_bytes = field.data.read(photos.MOST_BYTES + 1) if field.data else b""
        try:
            self.drawn = photos.redraw(self._sent_bytes)
        except photos.BadPhoto as bad:
            raise ValidationError({
                "empty": _("Choose a photo."), "large": _("This photo is too large. At most 8 MB."),
                "kind": _("This cannot be read as a photo. Use JPG, PNG or WebP."),
                "broken": _("This photo is damaged. Choose another one."),
            }[bad.why]) from bad

    def validate_agreed(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(_("Ask everybody who can be seen first, then tick this."))

    def body(self) -> str:
        """What was sent, to tell the same photo sent twice from another one."""
        return hashlib.sha256(self._sent_bytes).hexdigest()
