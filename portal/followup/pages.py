"""All the desk's pages: importing them puts them on the one blueprint."""

from portal.followup import altered, call_views, presence_views, queue_views
from portal.followup.views import bp

__all__ = ["altered", "bp", "call_views", "presence_views", "queue_views"]
