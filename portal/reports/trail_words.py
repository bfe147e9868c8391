"""What people read for each act in the trail."""

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.casework import words as casework
from portal.followup import words


def act(action: str) -> str:
    """What was done. An act that has no words yet shows as its code: the trail hides nothing."""
    return acts().get(action, action)


def acts() -> dict[str, str]:
    """Every act and its words."""
    return {
        "flag.send": _("Passed on a concern"), "flag.answer": _("Answered the officer's question"),
        "flag.add": _("Added something to it"),
        "flag.opened": _("Opened a concern"), "flag.identity_opened": _("Opened names and places"),
        "flags.summaries_opened": _("Opened the summaries of a list"),
        "flag.read": _("Was the first to read it"), "flag.take": _("Took it over"),
        "flag.assign": _("Gave it to an officer"), "flag.assess": _("Assessed the risk"),
        "flag.act": _("Noted an action"), "flag.ask": _("Asked the cadre"),
        "flag.withdraw_question": _("Withdrew the question"), "flag.close": _("Closed it"),
        "flag.reopen": _("Opened it again"), "flag.write_down": _("Wrote down a phone call"),
        "flag.step_aside": _("Stepped aside: conflict of interest"),
        **{f"flag.{move}": word for move, word in casework.moves().items()},
        "flag.compared": _("Looked whether it still lies under another"),
        "flag.letter_opened": _("Opened a letter of referral"),
        "flag.not_opened": _("Could not open it: what is sealed was altered"), "account.made": _("Made an account"),
        "account.invited": _("Invited somebody"), "account.entered": _("Came in for the first time"),
        "account.described": _("Corrected a name or number"), "account.role": _("Changed a role or place"),
        "account.handed_over": _("Handed a place over to a successor"), "account.secret": _("Changed a passphrase"),
        "account.signed_in": _("Signed in"),
        "card.made": _("Printed a card of codes"),
        "recovery.asked": _("Asked to let somebody begin anew"),
        "recovery.agreed": _("Agreed to let somebody begin anew"),
        "recovery.refused": _("Refused to let somebody begin anew"), "role.asked": _("Asked for another role"),
        "role.agreed": _("Agreed to another role"), "role.refused": _("Refused another role"),
        "join.asked": _("Asked for a new account with power"), "join.agreed": _("Agreed to a new account with power"),
        "join.refused": _("Refused a new account with power"), "coverage.exported": _("Took numbers as a file"),
        "outreach.imported": _("Loaded past sessions from a file"),
        "outreach.import_undone": _("Took a file of past sessions back"),
        "purge.concerns": _("Deleted old concerns"), "purge.early": _("Deleted concerns before their time"),
        "purge.sessions": _("Deleted names from old sessions"),
        "purge.photos": _("Deleted old photos"), "purge.accounts": _("Deleted old accounts"),
        "purge.forms": _("Deleted marks of sent forms"), "purge.traces": _("Deleted traces of sign-ins"),
        "purge.erased": _("Wrote the database anew, without what was deleted"),
        "account.all_out": _("Ended all sign-ins of everybody"),
        "account.on": _("Switched an account on"), "account.off": _("Switched an account off"),
        "key.made": _("Made a key"), "key.granted": _("Handed on a key"),
        "key.moved": _("Moved concerns to a newer key"), "key.retired": _("Ended an older key"),
        "key.recovered": _("Brought a key back from recovery sheets"),
        "kit.made": _("Made and checked recovery sheets"),
        "server_keys.replaced": _("Replaced the server's keys"),
        "server_keys.ended": _("Ended older keys of the server"),
        "trail.read": _("Read the trail"),
    }


def reason(code: str) -> str:
    """Why, as it was chosen from a list."""
    if code in words.IDENTITY_REASONS:
        return words.identity_reason(code)
    if code.startswith("after "):
        return _kept_for(code)
    return {"unit": _("Ordinary concerns"), "conflict": _("Concerns with a conflict of interest"),
            "app": _("With the code from the app"), "passkey": _("With a passkey"), "again": _("After a pause"),
            "first": _("For the first time"), "as two agreed": _("Two people agreed")}.get(code, code)


def _kept_for(code: str) -> str:
    """A rule of retention (`portal/upkeep/retention.py`), like `after 5 years`."""
    _after, number, unit = code.split()
    if unit == "years":
        return ngettext("Kept for %(num)s year", "Kept for %(num)s years", int(number))
    return ngettext("Kept for %(num)s day", "Kept for %(num)s days", int(number))
