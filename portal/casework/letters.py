"""What may travel in a letter of referral: each field with its label and value, as the letter says it.

Nothing of the reporter ever travels. Who the person is, travels only if it was ticked.
"""

from flask_babel import gettext as _

from portal.casework import codes, words
from portal.casework.cases import Case
from portal.flags.answers import Answers, Contact, Identity
from portal.flags.words import label

MINIMUM = ("area", "contact")
"""Ticked unless the officer takes it out: without them nobody can act safely."""

IDENTITY = ("name", "address", "phone", "school")
"""What says who it is. Never ticked beforehand."""


def fields(answers: Answers, identity: Identity, case: Case, area: str) -> dict[str, tuple[str, str]]:
    """The fields that have a value, by code, in the order of the letter: (label, value)."""
    coded = case.assessed.codes if case.assessed else None
    given = ", ".join(dict.fromkeys(words.said(codes.services(), service.service) for service in case.services))
    every = {
        "name": (_("Name as known"), identity.nickname),
        "address": (_("Address"), ", ".join(part for part in (f"RT {identity.rt}" if identity.rt else "",
                                                              identity.landmark) if part)),
        "phone": (_("Phone"), identity.person_phone),
        "school": (_("School"), identity.school),
        "area": (_("Area"), area),
        "contact": (_("Safe contact"), _safe_contact(answers, case)),
        "age": (_("Age and sex"), f"{words.said(codes.ages(), coded.age)}, {words.said(codes.sexes(), coded.sex)}"
                if coded else label(answers.age)),
        "needs": (_("Special help"), ", ".join(label(need) for need in answers.needs)),
        "forms": (_("Suspected forms of violence"), words.all_said(codes.forms(), coded.forms) if coded else ""),
        "services": (_("Services so far"), given),
    }
    return {code: (name, value) for code, (name, value) in every.items() if value}


def _safe_contact(answers: Answers, case: Case) -> str:
    """How the service may reach anybody: always through the unit, unless the person may be called."""
    if answers.contact is Contact.PERSON or case.override:
        return _("The person may be contacted, in the safe hours only. Ask the unit first.")
    return _("Through the unit only. Do not contact the person or the family.")
