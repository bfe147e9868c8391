"""Looking after people: who there is, making and inviting them, one by one or many, and letting them go."""

from uuid import UUID

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts import (
    bulk,
    cards,
    changes,
    commands,
    devices,
    entering,
    invitations,
    passkeys,
    people,
    policy,
    queries,
    sealed,
)
from portal.accounts.forms import BulkForm, DescribeForm, MakeAllForm, PersonForm
from portal.accounts.models import Account
from portal.accounts.people import BadPlace, Newcomer
from portal.accounts.roles import FIELD, Role
from portal.accounts.views.blueprint import bp
from portal.accounts.words import bad_account, bad_table, qr, role_name
from portal.areas.models import Area, Level
from portal.areas.queries import full_names, get_area
from portal.audit import once
from portal.base.phones import local_phone
from portal.web import config, db
from portal.web.guard import allowed
from portal.web.render import render


@bp.get("/akun")
@allowed(policy.may_look_after_people)
def people_page():
    """Everybody whom this person looks after. Nothing of what they sent."""
    named = request.args.get("nama", "").replace("\x00", "").strip()[:60]
    rows = queries.people_page(db.session(), current_user, named=named, after=request.args.get("setelah", ""))
    more = f"{rows[24].name}|{rows[24].id}" if len(rows) > 25 else ""
    return render("accounts/people.html", people=rows[:25], more=more, named=named,
                  waiting=len(queries.waiting_changes(db.session(), current_user)))


@bp.route("/akun/baru", methods=["GET", "POST"])
@allowed(policy.may_look_after_people)
def new_person():
    """Make an account and hand over the way in, face to face."""
    area = _starting_area()
    if area is None:
        return render("accounts/new_where.html", places=_named_places())
    form = _person_form(area)
    if not form.accepted():
        return _person_page(form, area)
    return _made(form, area, old=None) or _person_page(form, area)


@bp.get("/akun/<uuid:account_id>")
@allowed(policy.may_look_after_people)
def person(account_id: UUID):
    """One person: where she stands, and what can be done for her."""
    return _one_person(queries.person(db.session(), account_id, current_user))


@bp.route("/akun/<uuid:account_id>/ubah", methods=["GET", "POST"])
@allowed(policy.may_look_after_people)
def describe(account_id: UUID):
    """Correct how she is called, and her number."""
    account = queries.person(db.session(), account_id, current_user)
    form = DescribeForm(obj=account if request.method == "GET" else None)
    if request.method == "GET":
        phone = sealed.open_phone(config.keys(), account)
        form.phone.data = local_phone(phone) if phone else ""
    if form.accepted() and _describe(form, account_id):
        flash(_("The change is saved."))
        return redirect(url_for(".person", account_id=account_id), 303)
    return render("accounts/describe.html", form=form, person=account, status=422 if form.errors else 200)


@bp.post("/akun/<uuid:account_id>/kode")
@allowed(policy.may_look_after_people)
def invite(account_id: UUID):
    """A new code for somebody who has not come in yet, shown once."""
    card = cards.fresh() if request.form.get("card") else None
    with db.transaction() as writing:
        account = queries.person(writing, account_id, current_user)
        asked_again = changes.ask_to_join_again(writing, account, by=current_user)
        if not asked_again:
            code = invitations.invite(writing, config.keys(), account, by=current_user.account_id)
            codes = _card(writing, account, card) if card is not None else []
    if asked_again:
        flash(_("A second person must agree first. She is asked again."))
        return redirect(url_for(".person", account_id=account_id), 303)
    return _slips([(Newcomer(account, code), codes)])


@bp.post("/akun/<uuid:account_id>/saklar")
@allowed(policy.may_look_after_people)
def switch(account_id: UUID):
    """Switch an account off or on."""
    on = request.form.get("on") == "1"
    try:
        with db.transaction() as writing:
            account = queries.person(writing, account_id, current_user)
            done = changes.switch(writing, account, on=on, by=current_user)
    except changes.StillNeeded as needed:
        return _one_person(account, problem=entering.sentence_for(needed))
    flash(_switched(on, done))
    return redirect(url_for(".person", account_id=account_id), 303)


@bp.route("/akun/<uuid:account_id>/penerus", methods=["GET", "POST"])
@allowed(policy.may_look_after_people)
def hand_over(account_id: UUID):
    """A successor takes over the place: she is invited, and the one who leaves is switched off."""
    old = queries.person(db.session(), account_id, current_user)
    if old.role not in FIELD or not old.active or old.area_id is None:
        return redirect(url_for(".person", account_id=account_id), 303)
    area = get_area(db.session(), old.area_id)
    form = _person_form(area, only=Role(old.role))
    if not form.accepted():
        return _person_page(form, area, old=old)
    return _made(form, area, old=old) or _person_page(form, area, old=old)


@bp.route("/akun/banyak", methods=["GET", "POST"])
@allowed(policy.may_look_after_people)
def many():
    """A table of people, looked at before anything is made."""
    form = BulkForm()
    if not form.accepted():
        return render("accounts/many.html", form=form, status=422 if form.errors else 200)
    table = _table_of(form)
    try:
        rows = bulk.read(db.session(), config.keys(), table, current_user)
    except bulk.Unreadable as unreadable:
        entering.refuse(form.table, bad_table(unreadable.code))
        return render("accounts/many.html", form=form, status=422)
    made = MakeAllForm(formdata=None)
    made.table.data = table
    faults = sum(1 for row in rows if row.faults)
    return render("accounts/many_look.html", form=made, rows=rows, faults=faults, places=_said(rows),
                  status=422 if faults else 200)


@bp.post("/akun/banyak/buat")
@allowed(policy.may_look_after_people)
def make_many():
    """Make everybody of the table that was looked at, and print a slip for each."""
    form = MakeAllForm()
    if not form.accepted():
        return redirect(url_for(".many"), 303)
    with db.transaction() as writing:
        if once.outcome_of(writing, form.once.data, form.body()) is not None:
            return _shown_before()
        try:
            rows = bulk.read(writing, config.keys(), form.table.data or "", current_user)
            made = bulk.make_all(writing, config.settings(), rows, by=current_user)
        except (bulk.Unreadable, ValueError):
            writing.rollback()
            return redirect(url_for(".many"), 303)
        once.remember(writing, form.once.data, form.body(), "made")
    return _slips([(newcomer, []) for newcomer in made])


def _made(form: PersonForm, area: Area, *, old: Account | None) -> Response | None:
    """The slip of a person who was made just now; None with the form saying why she was not."""
    card = cards.fresh() if form.card.data and form.role.data in FIELD else None
    try:
        with db.transaction() as writing:
            if once.outcome_of(writing, form.once.data, form.body()) is not None:
                return _shown_before()
            newcomer, codes = _make(writing, form, area, old, card)
            once.remember(writing, form.once.data, form.body(), "made")
    except commands.BadAccount as bad:
        entering.refuse(form.sign_in_name if bad.code.startswith("name") else form.phone, bad_account(bad.code))
        return None
    except BadPlace:
        entering.refuse(form.place, _("This role does not fit this place."))
        return None
    if not newcomer.code:
        flash(_("The account is made. A second person must agree before anybody can use it."))
        return redirect(url_for(".person", account_id=newcomer.account.id), 303)
    return _slips([(newcomer, codes)])


def _make(writing, form: PersonForm, area: Area, old: Account | None,  # type: ignore[no-untyped-def]
          card: cards.Card | None):
    place = people.area_below(writing, form.place.data or area.code, current_user)
    new = commands.NewAccount(
        Role(form.role.data), form.name.data, title=form.title.data, phone=form.phone.data,
        sign_in_name="" if form.role.data in FIELD else form.sign_in_name.data or "")
    newcomer = people.make_person(writing, config.settings(), new, place, by=current_user)
    if old is not None:
        leaving = queries.person(writing, old.id, current_user)
        changes.hand_over(writing, leaving, newcomer.account, by=current_user)
    codes = _card(writing, newcomer.account, card) if card is not None else []
    return newcomer, codes


def _card(writing, account: Account, card: cards.Card) -> list[str]:  # type: ignore[no-untyped-def]
    return cards.new_card(writing, config.keys(), account.id, by=current_user.account_id, card=card)


def _slips(made: list[tuple[Newcomer, list[str]]]) -> Response:
    """The sheet to hand over or to print: codes are shown this once, and kept nowhere."""
    link = url_for(".enrol", _external=True)
    areas = full_names(db.session(), {n.account.area_id for n, _codes in made if n.account.area_id})
    slips = [{"person": n.account, "area": areas.get(n.account.area_id or 0), "code": invitations.spoken(n.code),
              "picture": qr(f"{link}#{n.code}"), "card": [cards.spoken(code) for code in codes]} for n, codes in made]
    return render("accounts/slips.html", slips=slips, link=link.partition("://")[2], until=invitations.until())


def _shown_before() -> Response:
    flash(_("This was made before. A code is shown once: if it is lost, make a new one on the person's page."))
    return redirect(url_for(".people_page"), 303)


def _one_person(account: Account, problem: str = "") -> Response:
    session = db.session()
    invitation = queries.invitation_of(session, account.id)
    return render(
        "accounts/person.html", person=account, problem=problem, status=409 if problem else 200,
        area=full_names(session, [account.area_id]).get(account.area_id) if account.area_id else None,
        phone=local_phone(sealed.open_phone(config.keys(), account)) if account.sealed_phone else "",
        invitation=invitation,
        state=queries.state_of(account.active, bool(account.secret_hash), invitation is not None),
        changes=queries.changes_of(session, account.id),
        phones=len(devices.of_account(session, account.id)), passkeys=len(passkeys.of_account(session, account.id)),
        few_codes=cards.few_left(session, account.id), in_field=account.role in FIELD,
        myself=account.id == current_user.account_id)


def _starting_area() -> Area | None:
    code = request.args.get("di", "")
    if code:
        return people.area_below(db.session(), code, current_user)
    own = db.session().get(Area, current_user.area_id) if current_user.area_id else None
    return own if own is not None and own.level == Level.KELURAHAN else None


def _named_places() -> list[tuple[str, str]]:
    rows = people.starting_places(db.session(), current_user)
    names = full_names(db.session(), [row.id for row in rows])
    return [(row.code, ", ".join(filter(None, (row.name, names[row.id].kecamatan_name
                                               if row.level == Level.KELURAHAN else "")))) for row in rows]


def _person_form(area: Area, only: Role | None = None) -> PersonForm:
    form, places = PersonForm(), [area] if only else people.places_at(db.session(), area)
    roles = [only] if only else [role for role in Role if role in policy.roles_made_by(current_user) and
                                 any(place.level in people.FITS[role] for place in places)]
    form.role.choices = [(role.value, role_name(role)) for role in roles]
    form.place.choices = [(place.code, place.name) for place in places]
    return form


def _person_page(form: PersonForm, area: Area, old: Account | None = None) -> Response:
    return render("accounts/new_person.html", form=form, area=area, old=old, status=422 if form.errors else 200,
                  has_office=any(role not in FIELD for role, _name in form.role.choices),
                  has_field=any(role in FIELD for role, _name in form.role.choices))


def _describe(form: DescribeForm, account_id: UUID) -> bool:
    try:
        with db.transaction() as writing:
            account = queries.person(writing, account_id, current_user)
            commands.describe(writing, config.keys(), account, name=form.name.data, title=form.title.data,
                              phone=form.phone.data, by=current_user.account_id)
    except commands.BadAccount as bad:
        entering.refuse(form.phone, bad_account(bad.code))
        return False
    return True


def _switched(on: bool, done: bool) -> str:
    if not on:
        return _("The account is switched off. All its sign-ins have ended.")
    if not done:
        return _("The account is switched on. A second person must agree before anybody can use it.")
    return _("The account is switched on.")


def _table_of(form: BulkForm) -> str:
    sent = form.file.data
    if sent is None or not getattr(sent, "filename", ""):
        return form.table.data or ""
    return sent.read().decode("utf-8-sig", errors="replace").replace("\x00", "")


def _said(rows: list[bulk.Row]):  # type: ignore[no-untyped-def]
    return full_names(db.session(), {row.area.id for row in rows if row.area})
