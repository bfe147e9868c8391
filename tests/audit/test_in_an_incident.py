"""What docs/incident.md tells somebody to type at two in the morning gives what it promises."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.base.db import writing
from portal.flags import commands
from portal.flags.models import Flag
from tests.factories import a_flag, ring_of, viewer_of

DOCS = Path(__file__).parent.parent.parent / "docs"


def question(page, dialect):
    """The words for the database that a page has, as they are typed on this kind of it."""
    asked = re.search(r"```sql\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)[1]
    here, there = "f.id = replace(e.subject, '-', '')", "f.id::text = e.subject"
    assert here in asked
    assert there in (DOCS / page).read_text()
    return asked.replace(here, there) if dialect == "postgresql" else asked


@pytest.mark.parametrize("page", ["incident.md", "incident.id.md"])
def test_the_list_of_readings_names_who_read_which_concern(any_city, page):
    with writing(any_city.db):
        flag_id = a_flag(any_city.db, any_city.settings, any_city.siti).id
    with writing(any_city.db):
        flag = any_city.db.get_one(Flag, flag_id)
        by = viewer_of(any_city.db, any_city.rina)
        commands.open_flag(any_city.db, ring_of(any_city, any_city.rina), flag, by=by)

    asked = question(page, any_city.db.get_bind().dialect.name)
    rows = any_city.db.execute(text(re.sub(r"'\d{4}-\d\d-\d\d'", "'2020-01-01'", asked))).all()

    readings = [(name, code) for _at, name, action, code, _reason, _amount in rows if action == "flag.opened"]
    assert readings == [("Rina A.", flag.code)]
