"""Whether each route's gate admits the roles that the table names, without asking for a page: what a second layer
behind the gate would refuse as well shows only here."""

from uuid import UUID

from flask import Flask

from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer
from tests.support.expected import LETTERS, lines


def gates_otherwise(app: Flask) -> list[str]:
    """Sentences on the gates that admit others than the table does."""
    return [f"{route} admits {role} otherwise than the table"
            for route, line in lines().items() for role in (*Role, None)
            if _admits(app, route, role) != (line.roles == "-" or (role is not None and (
                line.roles == "*" or LETTERS[role] in line.roles)))]


def _admits(app: Flask, route: str, role: Role | None) -> bool:
    policies = getattr(app.view_functions[route], "policies", ())
    if policies is None or role is None:
        return policies is None
    viewer = Viewer(token="", account_id=UUID(int=1), role=role, name="", title="", language="", area_id=1,
                    area_path="/98/", unit_id=None, locked_private=None)
    return all(policy(viewer) for policy in policies)
