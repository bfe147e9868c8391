"""What stands in the files that can be taken away: the same numbers as on the pages, and what they mean."""

from collections.abc import Iterable
from datetime import date

from flask_babel import gettext as _

from portal.areas.models import Level
from portal.outreach import lists
from portal.reports import coverage_words as words
from portal.reports.coverage import Coverage, Numbers, Place
from portal.reports.coverage_evidence import Activity, Evidence
from portal.reports.coverage_files import Cell, Sheet
from portal.reports.coverage_lists import List
from portal.reports.coverage_topics import Matrix
from portal.reports.periods import Period

Row = list[Cell]


def of_list(found: List, today: date) -> list[Sheet]:
    """RW and schools without a session since a day."""
    columns = (_("Kecamatan"), _("Kelurahan"), _("Code"), _("RW or school"), _("Kind"), _("Last session"),
               _("State"), _("Taken on"))
    rows: list[Row] = [[row.kecamatan, row.kelurahan, row.code, row.name, words.level(row.level), row.last,
                        _("Not lately") if row.last else _("Never"), today] for row in found.rows]
    said = [(_("No session since"), found.since), (_("RW and schools in all"), found.of)]
    return [Sheet(_("To be visited"), columns, rows), _about(found.area, found.code, today, said)]


def of_coverage(seen: Coverage, today: date) -> list[Sheet]:
    """Every area of the picture with its numbers."""
    columns = (_("Within"), _("Code"), _("Area"), _("Kind"), _("Kelurahan reached"), _("Kelurahan in all"),
               _("RW reached"), _("RW reached again"), _("RW in all"), _("Schools reached"),
               _("Schools reached again"), _("Schools in all"), *_counts(), _("Last session"), _("Taken on"))
    rows = [[place.within, place.code, place.name, words.level(place.level), place.kelurahan.reached,
             place.kelurahan.of, place.rw.reached, place.rw.again, place.rw.of, place.schools.reached,
             place.schools.again, place.schools.of, *_row(place.numbers), place.last, today]
            for place in _flat([seen.area, *seen.places])]
    return [Sheet(_("Coverage"), columns, rows), _about(seen.name, seen.code, today, _period(seen.period))]


def of_matrix(seen: Matrix, today: date) -> list[Sheet]:
    """Sessions by topic and area."""
    columns = (_("Code"), _("Area"), _("Kind"), *map(lists.topic_label, seen.topics), _("All sessions"),
               _("Taken on"))
    rows: list[Row] = [[line.code, line.name, words.level(line.level),
                        *(line.by_topic.get(topic, 0) for topic in seen.topics), line.sessions, today]
                       for line in (seen.total, *seen.lines)]
    return [Sheet(_("Topics"), columns, rows),
            _about(seen.total.name, seen.total.code, today, _period(seen.period))]


def of_evidence(seen: Evidence, activities: list[Activity], today: date) -> list[Sheet]:
    """An evidence pack: numbers by area and month, the activities, and what it all means."""
    title = words.indicator(seen.indicator)
    by_area = Sheet(
        _("By area"),
        (_("Code"), _("Area"), _("Kind"), _("RW reached"), _("RW in all"), _("Schools reached"), _("Schools in all"),
         *_counts(), _("Taken on")),
        [[part.code, part.name, words.level(part.level), part.rw.reached, part.rw.of, part.schools.reached,
          part.schools.of, *_row(part.numbers), today] for part in (seen.whole, *seen.parts)])
    by_month = Sheet(_("By month"), (_("Month"), *_counts()),
                     [[f"{month:%Y-%m}", *_row(numbers)] for month, numbers in seen.months])
    held = Sheet(
        _("Activities"),
        (_("Day"), _("Kecamatan"), _("Kelurahan"), _("Place"), _("Topics"), *_counts()[1:], _("Who took part"),
         _("Materials"), _("Speaker"), _("Institution"), _("Paid by")),
        [[one.held_on, one.place.kecamatan_name, one.place.kelurahan_name, one.place.name,
          _said(one.topics, lists.topic_label), *_row(one.numbers)[1:], _said(one.audiences, lists.audience_label),
          _said(one.materials, lists.material_label), one.speaker, one.institution,
          lists.funding_label(one.funding) if one.funding else ""] for one in activities])
    said: list[tuple[str, Cell]] = [
        (_("Indicator"), title), *_period(seen.period),
        (_("Topics that count"), _said(sorted(seen.indicator.topics), lists.topic_label)),
        (_("Places that count"), words.level(seen.indicator.host) if seen.indicator.host else _("all")),
        (_("Where from"),
         _("Sessions as cadres, schools and coordinators logged them. No name of anybody who came is kept."))]
    return [by_area, by_month, held, _about(seen.whole.name, seen.whole.code, today, said)]


def _about(area: str, code: str, today: date, said: Iterable[tuple[str, Cell]]) -> Sheet:
    """The sheet that says what the others are."""
    meaning = [(_("Sessions"), _("Every session that was logged in the period.")),
               (_("RW reached"), _("RW with at least one session in the period, each counted once.")),
               (_("People"), _("All who came to all sessions. Somebody who came twice is counted twice."))]
    first: list[tuple[str, Cell]] = [(_("Area"), f"{area} ({code})"), (_("Taken on"), today)]
    rows: list[Row] = [[name, cell] for name, cell in (*first, *said, *meaning)]
    return Sheet(_("About this file"), (_("What"), _("Meaning")), rows)


def _period(period: Period) -> list[tuple[str, Cell]]:
    return [(_("From month"), f"{period.first:%Y-%m}"), (_("To month"), f"{period.last:%Y-%m}")]


def _counts() -> tuple[str, ...]:
    return (_("Sessions"), _("People"), _("Girls 0–17"), _("Boys 0–17"), _("Women 18–59"), _("Men 18–59"),
            _("Women 60+"), _("Men 60+"), _("Female"), _("Male"))


def _row(numbers: Numbers) -> Row:
    return [numbers.sessions, numbers.attendance, numbers.girls, numbers.boys, numbers.women, numbers.men,
            numbers.older_women, numbers.older_men, numbers.female, numbers.male]


def _said(codes: Iterable[str], label) -> str:  # type: ignore[no-untyped-def]
    return ", ".join(map(label, codes))


def _flat(places: Iterable[Place]) -> list[Place]:
    return [one for place in places for one in (place, *place.parts) if one.level != Level.PROVINCE]
