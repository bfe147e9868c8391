"""All of casework's pages: importing them puts them on the one blueprint."""

from portal.casework import alone_views, hold_views, key_views
from portal.casework.views import bp

__all__ = ["alone_views", "bp", "hold_views", "key_views"]
