"""The one blueprint of this feature: its addresses and its templates."""

from flask import Blueprint

bp = Blueprint("accounts", __name__, template_folder="../templates")
