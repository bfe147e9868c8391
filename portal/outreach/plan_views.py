"""Plans: made and given up by coordinators, held by cadres and schools, taken into a calendar."""

from uuid import UUID

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.areas import queries as areas
from portal.audit import once as done_once
from portal.outreach import calendar, plans, policy
from portal.outreach.blueprint import bp
from portal.outreach.plan_forms import PlanForm
from portal.web import config, db
from portal.web.forms import ActForm
from portal.web.guard import allowed
from portal.web.render import go, render


@bp.get("/s/rencana")
@allowed(policy.may_see_sessions)
def plan_list() -> Response:
    """What still waits to be held, the longest overdue first."""
    rows = plans.open_plans(db.session(), viewer=current_user, today=config.today())
    return render("outreach/plans.html", plans=rows, may_plan=plans.may_plan(current_user),
                  may_log=policy.may_log(current_user))


@bp.route("/s/rencana/baru", methods=["GET", "POST"])
@allowed(plans.may_plan)
def new_plan() -> Response:
    """Plan a session. Who answers for more than one kelurahan chooses that first."""
    read = db.session()
    kelurahan = plans.kelurahan(read, viewer=current_user)
    code = request.args.get("w", "") or (kelurahan[0].code if len(kelurahan) == 1 else "")
    if not code:
        return render("outreach/plan_where.html", kelurahan=kelurahan)
    form = PlanForm(plans.places_in(read, code, viewer=current_user), plans.helpers(read, viewer=current_user))
    if not form.accepted():
        return render("outreach/plan.html", form=form, code=code, today=config.today(),
                      status=422 if form.errors else 200)
    with db.transaction() as writing:
        plans.make_plan(writing, form.planned(), by=current_user, today=config.today(), once=form.once.data,
                        body=form.body())
    return go(url_for(".plan_list"))


@bp.route("/s/rencana/<uuid:plan_id>/batal", methods=["GET", "POST"])
@allowed(plans.may_plan)
def cancel_plan(plan_id: UUID) -> Response:
    """Ask, then give a plan up."""
    read, form = db.session(), ActForm()
    if form.is_submitted() and done_once.is_repeat(read, form.once.data, ""):
        return go(url_for(".plan_list"))
    plan = plans.get_plan(read, plan_id, viewer=current_user)
    if not form.accepted():
        return render("outreach/plan_cancel.html", form=form, plan=plan,
                      place=areas.full_name(read, areas.get_area(read, plan.area_id)),
                      status=422 if form.errors else 200)
    with db.transaction() as writing:
        plans.cancel(writing, plan_id, by=current_user, once=form.once.data)
    return go(url_for(".plan_list"))


@bp.get("/s/rencana/<uuid:plan_id>.ics")
@allowed(policy.may_see_sessions)
def plan_entry(plan_id: UUID) -> Response:
    """A plan for the phone's own calendar: day and place, and no word of what it is about."""
    read = db.session()
    plan = plans.get_plan(read, plan_id, viewer=current_user)
    place = areas.full_name(read, areas.get_area(read, plan.area_id))
    within = place.kelurahan_name if place.level != "kelurahan" else ""
    where = ", ".join(filter(None, (plan.spot, place.name, within)))
    response = make_response(calendar.entry(plan.id, plan.planned_for, title=_("Neighbourhood activity"), place=where,
                                            planned_on=plan.planned_on))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="kegiatan.ics"'
    return response
