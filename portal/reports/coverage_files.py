"""Tables as files for a spreadsheet: CSV that Excel reads, and XLSX. No cell can be taken for a formula.

CSV begins with a byte order mark, or Excel reads its letters wrongly. A text that begins like a formula gets an
apostrophe in front (OWASP, "CSV injection"); in XLSX every text is stored as text.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import xlsxwriter

Cell = str | int | date | None

FORMATS = ("csv", "csv-titik-koma", "xlsx")
"""Ways to write a file; with semicolons for Excel in Indonesian."""

TYPES = {"csv": "text/csv; charset=utf-8", "csv-titik-koma": "text/csv; charset=utf-8",
         "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_LONGEST_SHEET_NAME = 31
_WIDEST = 40


@dataclass(frozen=True)
class Sheet:
    """A table with the titles of its columns."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def write(form: str, sheets: Sequence[Sheet]) -> bytes:
    """The sheets as one file. CSV has room for the first alone."""
    return to_xlsx(sheets) if form == "xlsx" else to_csv(sheets[0], ";" if form == "csv-titik-koma" else ",")


def to_csv(sheet: Sheet, separator: str = ",") -> bytes:
    """One table as UTF-8 with a byte order mark and CRLF, as RFC 4180 and Excel want it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerow(map(harmless, sheet.columns))
    writer.writerows([[harmless(cell) for cell in row] for row in sheet.rows])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def harmless(cell: Cell) -> str:
    """A cell as CSV may hold it: never read as a formula, whatever blanks stand before the sign."""
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int):
        return str(cell)
    text = (cell or "").replace("\x00", "")
    return f"'{text}" if text.startswith(_LIKE_A_FORMULA) or text.lstrip().startswith(_LIKE_A_FORMULA) else text


def to_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """All tables in one workbook: titles stay in view, columns fit, numbers and days are numbers and days."""
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                          "strings_to_numbers": False})
    bold, day = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "yyyy-mm-dd"})
    for sheet in sheets:
        page = workbook.add_worksheet(_sheet_name(sheet.name))
        page.freeze_panes(1, 0)
        for column, title in enumerate(sheet.columns):
            page.write_string(0, column, title, bold)
            longest = max([len(title), *(len(str(row[column])) for row in sheet.rows[:500])])
            page.set_column(column, column, min(longest + 2, _WIDEST))
        for line, row in enumerate(sheet.rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    page.write_datetime(line, column, cell, day)
                elif isinstance(cell, int):
                    page.write_number(line, column, cell)
                elif cell:
                    page.write_string(line, column, cell)
    workbook.close()
    return file.getvalue()


def _sheet_name(name: str) -> str:
    return "".join("-" if sign in "[]:*?/\\'" else sign for sign in name)[:_LONGEST_SHEET_NAME]
