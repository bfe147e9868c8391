"""Past sessions from a file: looked at first, then loaded, and undone if it was the wrong one."""

import hashlib
from typing import Any
from uuid import UUID

from flask import Response, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from flask_wtf.file import FileField
from wtforms.validators import ValidationError

from portal.areas import queries as areas
from portal.base.errors import Refused
from portal.outreach import import_commands as commands
from portal.outreach import import_words, importing
from portal.outreach.blueprint import bp
from portal.outreach.forms import one_line
from portal.web import config, db
from portal.web.forms import ActForm
from portal.web.guard import allowed
from portal.web.render import go, render
from portal.web.shedding import Turn, turn

_SHOWN = 25


class FileForm(ActForm):
    """A file of past sessions. `rows` are what stands in it."""

    file = FileField(_l("File (CSV or XLSX)"))
    rows: list[tuple[int, dict[str, str]]]
    _sent_bytes = b""

    def validate_file(self, field: Any) -> None:
        self._sent_bytes = field.data.read() if field.data else b""
        try:
            self.rows = importing.read(self._sent_bytes, importing.PAGE)
        except importing.BadFile as bad:
            raise ValidationError(import_words.bad_file(bad)) from bad

    def body(self) -> str:
        """What was sent, to tell the same file sent twice from another one."""
        return hashlib.sha256(self._sent_bytes).hexdigest()


@bp.route("/s/berkas", methods=["GET", "POST"])
@allowed(commands.may_import)
@turn(Turn.EXPORT)
def import_file() -> Response:
    """Choose a file; every line of it is checked before anything is kept."""
    read = db.session()
    form = FileForm()
    faults: list[importing.Fault] = []
    if form.accepted():
        checked = importing.check(read, form.rows, within=current_user.area_path, today=config.today())
        faults = checked.faults
        if faults:
            form.file.errors = [ngettext("%(num)s line has to be mended. Nothing was loaded.",
                                         "%(num)s lines have to be mended. Nothing was loaded.", len(faults))]
        else:
            with db.transaction() as writing:
                key = commands.keep_preview(writing, checked.sessions, file_name=one_line(form.file.data.filename),
                                            by=current_user, today=config.today(), once=form.once.data,
                                            body=form.body())
            return go(url_for(".import_preview", import_id=key))
    return render("outreach/import.html", form=form, faults=faults[:_SHOWN], wrong=len(faults),
                  say=import_words.fault, columns=importing.COLUMNS,
                  imports=commands.imports_of(read, viewer=current_user), status=422 if form.errors else 200)


@bp.route("/s/berkas/<uuid:import_id>", methods=["GET", "POST"])
@allowed(commands.may_import)
@turn(Turn.EXPORT)
def import_preview(import_id: UUID) -> Response:
    """What a file would bring, to look at before it is loaded; afterwards, that it was."""
    read = db.session()
    kept = commands.get_import(read, import_id, viewer=current_user)
    form = ActForm()
    if form.accepted():
        with db.transaction() as writing:
            commands.load_preview(writing, import_id, by=current_user, today=config.today())
        return go(url_for(".import_preview", import_id=import_id))
    sessions = commands.sessions_of(kept)
    named = areas.full_names(read, {held.area_id for held in sessions[:_SHOWN]})
    return render("outreach/import_preview.html", form=form, kept=kept, sessions=sessions, shown=sessions[:_SHOWN],
                  named=named, people=sum(held.attendance for held in sessions), status=422 if form.errors else 200)


@bp.route("/s/berkas/<uuid:import_id>/urung", methods=["GET", "POST"])
@allowed(commands.may_import)
def import_undo(import_id: UUID) -> Response:
    """Ask, then take all that a file brought away again."""
    kept = commands.get_import(db.session(), import_id, viewer=current_user)
    form = ActForm()
    refused = False
    if form.accepted():
        try:
            with db.transaction() as writing:
                commands.undo(writing, commands.get_import(writing, import_id, viewer=current_user),
                              by=current_user.account_id)
            return go(url_for(".import_preview", import_id=import_id))
        except Refused:
            refused = True
    return render("outreach/import_undo.html", form=form, kept=kept, refused=refused,
                  status=409 if refused else 422 if form.errors else 200)
