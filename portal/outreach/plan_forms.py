"""Planning a session: when, where, about what, and who holds it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField
from wtforms.validators import Length, ValidationError

from portal.areas.queries import Place
from portal.outreach import codes, lists
from portal.outreach.forms import one_line
from portal.outreach.plans import Helper, Planned
from portal.web import config
from portal.web.forms import ActForm

FURTHEST = timedelta(days=366)


class PlanForm(ActForm):
    """A plan of a coordinator."""

    planned_for = DateField(_l("When?"))
    place = SelectField(_l("Where?"))
    spot = StringField(_l("At which spot? (may be skipped)"), [Length(max=80)], filters=[one_line])
    topic = SelectField(_l("About what?"))
    who = SelectField(_l("Who holds it?"), default="")

    def __init__(self, places: list[Place], helpers: list[Helper], **kwargs: Any) -> None:
        self._places, self._helpers = places, helpers
        super().__init__(**kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.place.choices = [(str(place.area_id), place.name) for place in self._places]
        self.topic.choices = [(code, lists.topic_label(code)) for code in codes.topics()]
        self.who.choices = [("", _("Whoever is there")),
                            *((str(one.id), f"{one.name} ({one.area})") for one in self._helpers)]
        super().process(*args, **kwargs)

    def validate_planned_for(self, field: DateField) -> None:
        if field.data is None:
            field.errors.clear()  # what WTForms says of a date says less
            raise ValidationError(_("Choose the day."))
        now = config.today()
        if field.data < now:
            raise ValidationError(_("That day has passed. Log what was held instead."))
        if field.data > now + FURTHEST:
            raise ValidationError(_("At most one year ahead."))

    def planned(self) -> Planned:
        """The plan as the command takes it."""
        return Planned(int(self.place.data), self.planned_for.data, self.topic.data, self.spot.data,
                       UUID(self.who.data) if self.who.data else None)
