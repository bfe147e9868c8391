"""Coverage: where sessions were held and where not, what was spoken of, lists to act on, evidence, and files."""

from dataclasses import dataclass
from datetime import date

from flask import Response, make_response, request
from flask_login import current_user

from portal.accounts import signin
from portal.areas.models import Level
from portal.audit.log import record
from portal.base.errors import NotVisible
from portal.outreach.indicators import Indicator, indicators
from portal.reports import coverage_sheets as sheets
from portal.reports import coverage_words as words
from portal.reports import periods
from portal.reports.blueprint import bp
from portal.reports.coverage import HOSTS
from portal.reports.coverage import coverage as read_coverage
from portal.reports.coverage_evidence import activities, evidence
from portal.reports.coverage_files import FORMATS, TYPES, Sheet, write
from portal.reports.coverage_lists import missing, page
from portal.reports.coverage_map import picture
from portal.reports.coverage_topics import matrix
from portal.reports.periods import Period
from portal.reports.policy import may_see_coverage, may_take_files
from portal.web import config, db
from portal.web.guard import allowed
from portal.web.render import render
from portal.web.shedding import Turn, turn

VIEWS = ("petak", "peta", "tabel", "cetak")
_SHOWN = 100
_YEARS_BACK = 6


@dataclass(frozen=True)
class Asked:
    """What an address or a form asks for, made sense of: anything that cannot be read is the ordinary."""

    code: str
    period: Period
    view: str
    since: date
    kinds: tuple[Level, ...]
    never: bool
    year: int
    indicator: Indicator

    @classmethod
    def now(cls) -> "Asked":
        """From this request."""
        said = request.form if request.method == "POST" else request.args
        today = config.today()
        period = periods.read(said, today)
        known = indicators()
        number, year = said.get("indikator", ""), said.get("tahun", "")
        return cls(
            said.get("w", ""), period, said.get("lihat", "") if said.get("lihat") in VIEWS else VIEWS[0],
            _day(said.get("sejak", ""), today) or period.first,
            tuple(kind for kind in HOSTS if kind == said.get("jenis")) or HOSTS,
            said.get("belum", "") == "1",
            int(year) if year in {str(one) for one in years(today)} else today.year,
            next((one for one in known.values() if str(one.number) == number), next(iter(known.values()))))


def years(today: date) -> list[int]:
    """The years that can be looked at, the newest first."""
    return list(range(today.year, today.year - _YEARS_BACK, -1))


@bp.get("/cakupan")
@allowed(may_see_coverage)
def coverage() -> Response:
    """Where sessions were held in a period, and where nobody has been yet."""
    asked = Asked.now()
    seen = read_coverage(db.session(), asked.code, viewer=current_user, period=asked.period)
    if seen.level in {Level.RW, Level.RT, Level.SCHOOL}:
        spoken = matrix(db.session(), asked.code, viewer=current_user, period=asked.period)
        return render("reports/coverage_place.html", seen=seen, spoken=spoken, lengths=periods.LENGTHS, words=words)
    drawn = picture(seen.every_kelurahan) if asked.view in {"peta", "cetak"} else None
    return render("reports/coverage.html", seen=seen, picture=drawn, **_common(asked))


@bp.get("/cakupan/topik")
@allowed(may_see_coverage)
def coverage_topics() -> Response:
    """Topics × areas: what was spoken of where, and what nowhere."""
    asked = Asked.now()
    seen = matrix(db.session(), asked.code, viewer=current_user, period=asked.period)
    return render("reports/coverage_topics.html", seen=seen, **_common(asked))


@bp.get("/cakupan/daftar")
@allowed(may_see_coverage)
def coverage_list() -> Response:
    """The RW and schools with no session since a day, to act on."""
    asked = Asked.now()
    found = missing(db.session(), asked.code, viewer=current_user, since=asked.since, kinds=asked.kinds,
                    never=asked.never)
    return render("reports/coverage_list.html", found=found, page=page(found, request.args.get("sesudah", "")),
                  **_common(asked))


@bp.get("/cakupan/bukti")
@allowed(may_take_files)
@turn(Turn.EXPORT)
def coverage_evidence() -> Response:
    """What a year shows for one indicator, to print."""
    asked = Asked.now()
    period = periods.of_year(asked.year, config.today())
    seen = evidence(db.session(), asked.code, asked.indicator, viewer=current_user, period=period)
    held = activities(db.session(), asked.code, asked.indicator, viewer=current_user, period=period, most=_SHOWN)
    return render("reports/coverage_evidence.html", seen=seen, held=held, indicators=indicators().values(),
                  years=years(config.today()), **_common(asked))


@bp.post("/cakupan/unduh")
@allowed(may_take_files)
@signin.fresh(back="reports.coverage")
@turn(Turn.EXPORT)
def coverage_file() -> Response:
    """One of these tables as a file. That it was taken is written down in the same step."""
    asked, form, what = Asked.now(), request.form.get("bentuk", ""), request.form.get("apa", "")
    if form not in FORMATS or what not in _FILES:
        raise NotVisible
    with db.transaction() as writing:
        made = _FILES[what](asked)
        record(writing, "coverage.exported", f"{what} {asked.code}".strip(), by=current_user.account_id, reason=form,
               amount=len(made[0].rows))
    response = make_response(write(form, made))
    response.headers["Content-Type"] = TYPES[form]
    name = "-".join(filter(None, ("cakupan", what, asked.code, f"{config.today():%Y%m%d}")))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form[:4].rstrip("-")}"'
    return response


def _common(asked: Asked) -> dict[str, object]:
    """What every page of coverage is given."""
    return {"asked": asked, "today": config.today(), "lengths": periods.LENGTHS, "words": words, "formats": FORMATS,
            "may_take_files": may_take_files(current_user)}


def _day(text: str, today: date) -> date | None:
    """A day up to today; None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day <= today else None


def _list(asked: Asked) -> list[Sheet]:
    return sheets.of_list(missing(db.session(), asked.code, viewer=current_user, since=asked.since,
                                  kinds=asked.kinds, never=asked.never), config.today())


def _coverage(asked: Asked) -> list[Sheet]:
    return sheets.of_coverage(read_coverage(db.session(), asked.code, viewer=current_user, period=asked.period),
                              config.today())


def _topics(asked: Asked) -> list[Sheet]:
    return sheets.of_matrix(matrix(db.session(), asked.code, viewer=current_user, period=asked.period),
                            config.today())


def _evidence(asked: Asked) -> list[Sheet]:
    whole = {"viewer": current_user, "period": periods.of_year(asked.year, config.today())}
    return sheets.of_evidence(evidence(db.session(), asked.code, asked.indicator, **whole),
                              activities(db.session(), asked.code, asked.indicator, **whole), config.today())


_FILES = {"daftar": _list, "wilayah": _coverage, "topik": _topics, "bukti": _evidence}
