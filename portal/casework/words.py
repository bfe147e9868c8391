"""Casework's words. Lists that a city may change are in `data/*.csv`, both languages beside each other."""

from collections.abc import Iterable, Mapping

from flask_babel import get_locale
from flask_babel import gettext as _

from portal.base.codelists import Entry
from portal.casework import codes
from portal.flags.deadlines import LONGEST_PAUSE
from portal.flags.life import Joint, Move, Risk

CONSENTS = ("given", "child", "emergency")
CLOSE_REASONS = ("done", "referred", "not_willing", "not_found", "same", "not_ours")
RESULTS = ("accepted", "declined", "done", "withdrawn")


def moves() -> Mapping[str, str]:
    """What happened, as a line of the log."""
    return {
        Move.PROPOSE: _("Proposed to a second officer"), Move.CONFIRM: _("A second officer agreed"),
        Move.DECLINE: _("A second officer did not agree"), Move.TAKE_BACK: _("Proposal taken back"),
        Move.PAUSE: _("Deadline put off"), Move.SERVE: _("Service noted"), Move.REFER: _("Was referred"),
        Move.HEAR_BACK: _("News of the referral"), Move.RECORD: _("Put on record"),
        Move.BREAK_GLASS: _("Acted alone: “contact nobody” set aside"),
        Move.REVIEW_BREAK_GLASS: _("Looked at what was done alone"),
        Move.HOLD: _("Kept from deletion"), Move.RELEASE: _("May be deleted again"),
        Move.ASK_TO_DELETE: _("Proposed to delete it before its time"),
        Move.SPARE: _("Is not deleted before its time"),
        Move.HAND_OVER: _("Handed over to another unit"), Move.MERGE: _("Put under another concern"),
        Move.UNMERGE: _("Taken out again"), Move.CLOSE_WITH: _("Closed together with the other concern"),
    }


def joint(what: Joint) -> str:
    """What is proposed, as a sentence."""
    return {Joint.LOWER: _("Lower the risk from high"), Joint.CLOSE: _("Close this concern"),
            Joint.PAUSE: _("Put off the deadline of a high risk"),
            Joint.OVERRIDE: _("Contact somebody although the cadre said “contact nobody”"),
            Joint.STOP_CLOCK: _("Take the legal deadline away: it was recorded by mistake"),
            Joint.DELETE: _("Delete this concern before its time")}[what]


def risks() -> Mapping[str, str]:
    """The three official levels."""
    return {Risk.HIGH: _("High"), Risk.MEDIUM: _("Medium"), Risk.LOW: _("Low")}


def record(what: str) -> str:
    """What was put on record."""
    return {
        "heard": _("The victim told the unit of sexual violence"), "police": _("Report to the police recorded"),
        "mistaken": _("The legal deadline was recorded by mistake"), "ticket": _("Number in SIMFONI PPA"),
        "override": _("“Contact nobody” was set aside by two officers"),
        "joined": _("Another concern was put under this one"), "parted": _("A concern was taken out again"),
    }.get(what, what)


def consent(code: str) -> str:
    """Why the person may be referred."""
    return {"given": _("Adult: has agreed"), "child": _("Child: in the child's best interest"),
            "emergency": _("Cannot be asked: a life is in danger")}[code]


def result(code: str) -> str:
    """What was heard of a referral."""
    return {"": _("Nothing heard yet"), "accepted": _("Accepted"), "declined": _("Declined"), "done": _("Done"),
            "withdrawn": _("Withdrawn by the unit")}[code]


def close_reason(code: str) -> str:
    """The unit's own reason for closing. There is none that says "reconciled": sexual violence may not be
    settled outside court (domain, 1.5)."""
    return {
        "done": _("The services are complete"), "referred": _("Referred to another service"),
        "not_willing": _("The person does not want it yet"), "not_found": _("Could not be found"),
        "same": _("Handled under another concern"), "not_ours": _("Not within the unit's authority"),
    }[code]


def hold_reason(code: str) -> str:
    """Why a concern is kept beyond its time."""
    return {"court": _("A court case"), "police": _("A police investigation"),
            "complaint": _("A complaint about the handling"), "audit": _("An inspection or audit")}[code]


def ground(code: str) -> str:
    """Why a concern is deleted before its time; nothing where it goes with the one above it."""
    return {"asked": _("The person it is about asks for it"),
            "mistake": _("It should not have been sent")}.get(code, "")


def refused(text: str) -> str:
    """Why something could not be done, for the few reasons that a person can mend; else empty."""
    return {
        "another proposal waits for a second officer":
            _("Another proposal waits. A second officer decides on it first."),
        "no proposal stands": _("The proposal has lapsed, or was decided meanwhile."),
        "nobody decides on her own proposal, or takes back another's":
            _("You proposed this yourself. Another officer of the unit must decide."),
        "only the head hands over a conflict of interest": _("Only the head can hand over this concern."),
        "others are merged into it": _("Other concerns lie under this one. Take them out first."),
        "it cannot be put under that one":
            _("It can only be put under an open, read concern that is at least as urgent."),
        "whoever has it stepped aside from the other":
            _("Whoever has one of these concerns must not know of another of them. Take it over first. If it lies "
              "under another one, take it out first."),
        "another officer must do it": _("Another officer of the unit must do this."),
        "the next step lies too far ahead": too_far_ahead(),
        "the clock was started before": _("This was recorded before."),
        "no clock runs": _("No legal deadline runs here."),
        "that referral has ended": _("That referral has ended."),
        "acting alone needs a high risk":
            _("Acting alone needs a risk that an officer assessed as high. Assess it first."),
        "nothing to set aside": _("There is nothing to set aside here, or two officers have done it."),
        "one officer has set it aside already": _("A colleague has set it aside already. It holds for now."),
        "nobody acted alone": _("Nothing waits to be looked at here, or a colleague was faster."),
        "not hers to look at":
            _("Another looks at it: the head, or an officer where the head acted."),
        "nobody has looked at who acted alone":
            _("An officer acted alone on this concern. It must be looked at first."),
        "it is kept already": _("It is kept from deletion already."),
        "it is to be deleted already": _("It is to be deleted already."),
        "it is not to be deleted early": _("It is not going to be deleted before its time."),
        "the head must be one of the two":
            _("The head must be one of the two. Only the head can agree to this proposal."),
        "what it lies together with is worked on":
            _("A concern with which it was put together is being worked on. Close that one first."),
        "a service has not answered":
            _("A service has not answered yet, here or on a concern under it. Note its news first."),
        "it is not kept": _("It is not kept from deletion."),
        "the legal clock runs": _("The legal deadline still runs. Record the report to the police first."),
    }.get(text, "")


def soon_hint(ever_high: bool) -> str:
    """What follows the hint beside the day of the next step, where it must be soon; else nothing."""
    if not ever_high:
        return ""
    return " " + _("At most %(n)s days ahead, because the risk is or was high.", n=LONGEST_PAUSE.days)


def too_far_ahead() -> str:
    """Why the next step of what is or ever was high is not set further ahead, and what to do instead."""
    return _("The risk is or was high: the next step is due within %(n)s days. If nothing can be done by then, put "
             "the deadline off together with a colleague when that day comes.", n=LONGEST_PAUSE.days)


def said(listed: Mapping[str, Entry], code: str) -> str:
    """A code in the reader's language; as it is when it is in the list no more."""
    entry = listed.get(code)
    return entry.label(str(get_locale())) if entry else code


def all_said(listed: Mapping[str, Entry], some: Iterable[str]) -> str:
    """Several codes, one after the other."""
    return ", ".join(said(listed, code) for code in some)


def choices(listed: Mapping[str, Entry]) -> list[tuple[str, str]]:
    """A list as the choices of a question."""
    return [(code, entry.label(str(get_locale()))) for code, entry in listed.items()]


def criteria(risk: Risk) -> str:
    """What speaks for a level of risk."""
    return said(codes.criteria(), risk)


def law_of_the_clock() -> str:
    """Where the 3 × 24 hours come from."""
    return _("UU 12/2022 on sexual violence, article 41: the unit reports to the police within 3 × 24 hours.")


def law_of_mediation() -> str:
    """Why there is none (UU 12/2022, article 23)."""
    return _("No mediation in sexual violence. UU 12/2022, article 23: “Cases of sexual violence cannot be settled "
             "outside court, except for offenders who are children as the law provides.”")
