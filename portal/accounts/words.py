"""What people read for each role."""

from flask_babel import gettext as _

from portal.accounts.roles import Role


def role_name(role: str) -> str:
    """The name of a role in the reader's language."""
    return {
        Role.CADRE: _("Cadre"), Role.SCHOOL: _("School counsellor"), Role.COORDINATOR: _("Coordinator"),
        Role.OFFICER: _("Officer"), Role.HEAD: _("Head of the unit"), Role.LEADERSHIP: _("City leadership"),
        Role.ADMIN: _("Administrator"),
    }[Role(role)]
