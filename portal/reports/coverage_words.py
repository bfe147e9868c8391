"""What people read for levels, indicators and periods."""

from flask_babel import get_locale
from flask_babel import gettext as _

from portal.areas.models import Level
from portal.outreach.indicators import Indicator
from portal.reports.periods import Period
from portal.web.locale import say_month


def level(code: str) -> str:
    """A kind of place."""
    return {Level.PROVINCE: _("province"), Level.CITY: _("city"), Level.KECAMATAN: _("kecamatan"),
            Level.KELURAHAN: _("kelurahan"), Level.RW: _("RW"), Level.RT: _("RT"),
            Level.SCHOOL: _("school")}[Level(code)]


def indicator(one: Indicator) -> str:
    """An indicator with its number."""
    name = one.labels.get(str(get_locale())) or next(iter(one.labels.values()))
    return _("%(number)s. %(name)s", number=one.number, name=name)


def when(period: Period) -> str:
    """A period in a sentence: since its first month, or from one to another."""
    if period.open:
        return _("since %(month)s", month=say_month(period.first))
    if period.first == period.last:
        return _("in %(month)s", month=say_month(period.first))
    return _("from %(first)s to %(last)s", first=say_month(period.first), last=say_month(period.last))


def length(months: int) -> str:
    """How far a period looks back."""
    return {3: _("3 months"), 6: _("6 months"), 12: _("12 months"), 60: _("5 years")}[months]
