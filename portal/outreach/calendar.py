"""A plan as a calendar entry (RFC 5545), in words that tell nobody anything who looks at the calendar."""

from datetime import date, timedelta
from uuid import UUID

_LONGEST_LINE = 75  # octets, RFC 5545 section 3.1


def entry(key: UUID, day: date, *, title: str, place: str, planned_on: date) -> bytes:
    """One whole-day entry. Written to the day: no hour of anybody stands in it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Catatan Kader//ID", "BEGIN:VEVENT", f"UID:{key}",
             f"DTSTAMP:{planned_on:%Y%m%d}T000000Z", f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
             f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}", f"SUMMARY:{_escaped(title)}",
             f"LOCATION:{_escaped(place)}", "TRANSP:TRANSPARENT", "END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(_folded(line) for line in lines).encode()


def _escaped(text: str) -> str:
    for sign in "\\;,":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _folded(line: str) -> str:
    """A line in pieces of at most 75 octets, never cut inside a letter."""
    pieces, piece = [], ""
    for letter in line:
        if len((piece + letter).encode()) > _LONGEST_LINE - bool(pieces):
            pieces.append(piece)
            piece = ""
        piece += letter
    return "\r\n ".join([*pieces, piece])
