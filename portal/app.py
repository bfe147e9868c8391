"""The house's table of contents: settings, floors wired together, nothing else."""

import os
from pathlib import Path

from flask import Flask, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_htmx import HTMX
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import cli
from portal.accounts import signin
from portal.accounts import views as accounts
from portal.accounts.devices import to_text
from portal.accounts.policy import may_change_roles
from portal.accounts.roles import FIELD, Role
from portal.accounts.viewer import Viewer
from portal.accounts.words import bad_row, change_name, role_name, state_name
from portal.base.settings import BadSettings, Settings, host_cookie
from portal.casework import pages as casework
from portal.flags import views as flags
from portal.followup import pages as followup
from portal.outreach import views as outreach
from portal.reports import views as reports
from portal.web import (
    assets,
    carry,
    compression,
    config,
    db,
    errors,
    guard,
    headers,
    locale,
    logs,
    pace,
    pages,
    shedding,
    signing,
)

ROOT = Path(__file__).parent.parent
_PAGES_OF = {
    "outreach.sessions": {f"outreach.{page}" for page in ("log", "show", "correct", "add_photo", "take_photo_away",
                                                      "plan_list", "new_plan", "cancel_plan", "import_file",
                                                      "import_preview", "import_undo")},
    "flags.mine": {"flags.progress", "flags.add"},
    "accounts.people_page": {f"accounts.{page}" for page in (
        "person", "new_person", "describe", "invite", "hand_over", "many", "make_many", "recover", "change_role")},
    "reports.coverage": {f"reports.coverage_{page}" for page in ("topics", "list", "evidence")},
    "followup.queue": {f"followup.{page}" for page in (
        "sheet", "preview", "pick_up", "call", "step_aside", "identity", "take", "assign", "assess", "act", "ask",
        "withdraw_question", "close", "reopen")},
}
_PAGES_OF["accounts.keys"] = {"accounts.kit", "accounts.make_kit", "accounts.check_kit", "casework.replace_key",
                              "casework.begin_key", "casework.move_to_key"}
_PAGES_OF["followup.queue"] |= {f"casework.{page}" for page in (
    "decide", "pause", "set_aside", "act_alone", "review_alone", "law", "stop_clock", "assess", "serve", "plan",
    "copy", "keep_ticket", "hold", "release", "refer", "hear_back", "hand_over", "merge", "unmerge")}
_LANGUAGE_NAMES = {"id": "Bahasa Indonesia", "en": "English"}


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Raises `BadSettings` when it would start unsafely.

    Only commands may run without the server's keys: one of them makes the keys.
    """
    settings = settings or Settings.from_environment()
    if not _at_command_line():
        settings.check_serving()
    app = Flask(__name__, static_folder="web/static", template_folder="web/templates")
    app.config.update(
        SETTINGS=settings, KEYS=settings.keys, SECRET_KEY=settings.keys and settings.keys.cookies,
        SESSION_COOKIE_NAME=host_cookie("s", settings), SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies, WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=256 * 1024, MAX_FORM_MEMORY_SIZE=256 * 1024, MAX_FORM_PARTS=400,
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None, TEMPLATES_AUTO_RELOAD=False,
    )
    logs.begin()
    if app.debug and not _at_command_line():
        raise BadSettings("Debug mode shows what people wrote to whoever asks. Unset FLASK_DEBUG.")
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    _wire(app, settings)
    config.init_app(app)
    return app


def _wire(app: Flask, settings: Settings) -> None:
    compression.init_app(app)  # these two first, so that they come last to an answer
    assets.init_app(app)
    signing.init_app(app)
    shedding.init_app(app)  # before anything that asks the database
    db.init_app(app, settings.database_url)
    app.extensions["htmx"] = HTMX(app)
    locale.init_app(app, str(ROOT / "translations"), settings.languages[0])
    signin.init_app(app)
    errors.init_app(app)
    for blueprint in (pages.bp, accounts.bp, outreach.bp, flags.bp, casework.bp, followup.bp, reports.bp):
        app.register_blueprint(blueprint)
    guard.init_app(app)
    pace.init_app(app)
    protect = CSRFProtect(app)
    protect.exempt(accounts.quick_exit)  # must work whatever else has ended; SameSite keeps strangers out
    protect.exempt(pages.breach)  # browsers send these by themselves; nothing changes
    app.before_request(carry.restore)
    headers.init_app(app)
    cli.init_app(app)
    _give_templates(app, settings)


def _give_templates(app: Flask, settings: Settings) -> None:
    names = [(code, _LANGUAGE_NAMES.get(code, code)) for code in settings.languages]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        settings=settings, csrf_field=_csrf_field, navigation=_navigation, role_name=role_name,
        languages=names, state_name=state_name, change_name=change_name, bad_row=bad_row, text_of=to_text,
        may_change_roles=may_change_roles,
        proof_is_due=signin.proof_is_due, mark_of_leaving=signin.mark_of_leaving,
        idle_minutes=lambda: signin.idle_minutes(current_user, settings),  # type: ignore[arg-type]
    )
    app.context_processor(lambda: {"language": str(get_locale()),
                                   "wide": current_user.is_authenticated and current_user.is_staff})


def _navigation(viewer: Viewer) -> list[dict[str, object]]:
    """The main menu of this person: what each role comes here for."""
    home = ("flags.home", _("Home"), "rumah")
    sessions = ("outreach.sessions", _("Sessions"), "orang")
    queue = ("followup.queue", _("Queue"), "pesan")
    tasks = ("followup.tasks", _("My tasks"), "jam")
    due = ("casework.due", _("Due"), "jam")
    keys = ("accounts.keys", _("Keys"), "kunci")
    coverage = ("reports.coverage", _("Coverage"), "cek")
    people = ("accounts.people_page", _("Accounts"), "orang")
    second = ("accounts.pending_changes", _("Second person"), "cek")
    help_page = ("web.help_page", _("Help"), "tolong")
    items = {
        Role.OFFICER: [queue, tasks, due, coverage, help_page],
        Role.HEAD: [queue, tasks, due, coverage, keys, second, ("reports.trail", _("Trail"), "jam"), help_page],
        Role.COORDINATOR: [sessions, coverage, people, second, help_page],
        Role.LEADERSHIP: [coverage, sessions, help_page],
        Role.ADMIN: [people, second, help_page],
    }
    if viewer.role in FIELD:
        chosen = [home, sessions, ("flags.mine", _("My concerns"), "pesan"), help_page]
    else:
        chosen = items[viewer.role]
    return [{"url": url_for(endpoint), "label": label, "icon": icon, "here": _is_here(endpoint)}
            for endpoint, label, icon in chosen]


def _is_here(endpoint: str) -> bool:
    """Whether the open page belongs to this menu entry: itself, or a page of the same feature."""
    here = request.endpoint or ""
    return here == endpoint or here in _PAGES_OF.get(endpoint, ())


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def _at_command_line() -> bool:
    return os.environ.get("FLASK_RUN_FROM_CLI") == "true"


