"""The one blueprint of this room; its views stand in a module each."""

from flask import Blueprint

bp = Blueprint("reports", __name__, template_folder="templates")
