"""Stretches of whole months, as coverage and evidence look back on them. Imports nothing of the portal."""

import re
from dataclasses import dataclass
from datetime import date

LENGTHS = (3, 6, 12, 60)
"""Months that can be looked back on with one tap, this one included."""

ORDINARY = 6
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Period:
    """From the first day of one month to the end of another; `open` when that is the present one.

    `length` is one of `LENGTHS`, or 0 for months that were chosen one by one.
    """

    first: date
    last: date
    open: bool
    length: int = 0

    @property
    def query(self) -> dict[str, str]:
        """The period as the address of a page says it."""
        if self.length:
            return {"bulan": str(self.length)}
        return {"dari": f"{self.first:%Y-%m}", "sampai": f"{self.last:%Y-%m}"}


def looking_back(today: date, months: int) -> Period:
    """The period of `months` calendar months that ends with this one."""
    number = today.year * 12 + today.month - months
    return Period(date(number // 12, number % 12 + 1, 1), today.replace(day=1), open=True, length=months)


def of_year(year: int, today: date) -> Period:
    """A calendar year, as evaluations take it."""
    return Period(date(year, 1, 1), date(year, 12, 1), open=year >= today.year)


def read(asked: dict[str, str], today: date) -> Period:
    """The period that an address asks for: `bulan` back, or `dari` and `sampai` as `2026-07`. Months the wrong
    way round are turned; what cannot be read is the ordinary period."""
    first, last = (_month(asked.get(name, "")) for name in ("dari", "sampai"))
    if first and last:
        first, last = sorted((first, last))
        return Period(first, last, open=last >= today.replace(day=1))
    if first:
        return Period(min(first, today.replace(day=1)), today.replace(day=1), open=True)
    length = asked.get("bulan", "")
    return looking_back(today, int(length) if length in {str(n) for n in LENGTHS} else ORDINARY)


def _month(text: str) -> date | None:
    found = _MONTH.fullmatch(text)
    return date(int(found[1]), int(found[2]), 1) if found else None
