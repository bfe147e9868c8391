"""All of casework's pages: importing them puts them on the one blueprint."""

from portal.casework import alone_views, due_views, early_views, hold_views, key_views
from portal.casework.views import bp

__all__ = ["alone_views", "bp", "due_views", "early_views", "hold_views", "key_views"]
