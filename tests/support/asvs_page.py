"""How the results for ASVS 5.0.0, and for the clauses that follow from them, are written down."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

CHAPTERS = {
    "V1": "Encoding and sanitising", "V2": "Validation and business rules", "V3": "In the browser", "V4": "HTTP",
    "V5": "Files", "V6": "Signing in", "V7": "Sign-ins that last", "V8": "Who may do what",
    "V9": "Tokens that stand alone", "V11": "Cryptography", "V12": "Connections",
    "V13": "Configuration", "V14": "Protecting data",
    "V15": "Architecture and code", "V16": "Logs and errors",
}
PARAGRAPHS = {
    "1": "Signing in", "2": "Sign-ins that last", "3": "Who may do what", "4": "What is answered",
    "5": "Cryptography", "6": "Faults and logs", "7": "Protecting data", "8": "Connections", "9": "Malicious code",
    "10": "The order and limits of the work", "11": "Files", "12": "Services for other programs", "13": "Settings",
}
_SAID = {"pass": "pass", "fail": "**FAIL**", "written": "written", "open": "**open**", "declined": "declined"}


def page(requirements: Mapping[str, Any], answers: Mapping[str, Any], shown: Mapping[str, dict[str, bool]]) -> str:
    """The whole page. `shown` holds, by requirement, each test that ran and whether it passed."""
    result = {found: _result(found, answers, shown) for found in requirements}
    lines = ["# OWASP ASVS 5.0.0, requirement by requirement", "", *_head(requirements, result)]
    for chapter, group in groupby(requirements.values(), key=lambda one: one.id.split(".")[0]):
        lines += ["", f"## {chapter} {CHAPTERS[chapter]}", "", "| id | level | asks | result | shown by |",
                  "|---|---|---|---|---|"]
        lines += [f"| {one.id} | {one.level} | {one.asks} | {_said(one, result[one.id])} | "
                  f"{_by(one.id, answers, shown)} |" for one in group]
    return "\n".join(lines) + "\n"


def clauses_page(clauses: Mapping[str, Any], answers: Mapping[str, Any], shown: Mapping[str, dict[str, bool]]) -> str:
    """The page of BSSN's clauses: of each, what came of all the requirements that show it."""
    said = {found: _of_all([_result(one, answers, shown) for one in clause.by.split()])
            for found, clause in clauses.items()}
    every = Counter(said.values())
    lines = ["# BSSN Regulation 4 of 2021, Article 27, clause by clause", "", *_clauses_head(len(clauses), every)]
    for paragraph, group in groupby(clauses.values(), key=lambda one: one.id[:-1]):
        lines += ["", f"## ({paragraph}) {PARAGRAPHS[paragraph]}", "", "| clause | asks | result | shown by |",
                  "|---|---|---|---|"]
        lines += [f"| 27({paragraph}){one.id[-1]} | {one.asks} | {_clause_said(one, said[one.id])} | "
                  f"{', '.join(one.by.split()) or one.words} |" for one in group]
    return "\n".join(lines) + "\n"


def _clauses_head(number: int, every: Mapping[str, int]) -> list[str]:
    return [
        f"Written by `make asvs` on {datetime.now(UTC):%Y-%m-%d}: what an application of the government is to be,",
        "and the requirements of OWASP ASVS that show it here ([asvs.md](asvs.md)). The words are ours.", "",
        f"**{every['pass']} of {number} shown by tests, {every['written']} written, {every['declined']} declined, "
        f"{every['open']} open, {every['fail']} failing.**", "",
        "*What was read.* Not the regulation itself: of that only Articles 1 and 29 could be (docs/security.md).",
        "The 72 controls of its Article 27 are those of BSSN's own guide for the auditors of web applications,",
        "which names the paragraph and point of each; 4d, which it passes over, is named by a province's policy.",
        "Points 7d, 10e and 12f were found nowhere. Let the city's office for communication and informatics compare.",
    ]


def _of_all(results: list[str]) -> str:
    """One word for several: the worst; shown by a test where any of them is."""
    worst = next((word for word in ("fail", "open", "declined") if word in results), "")
    return worst or ("pass" if "pass" in results else "written")


def _clause_said(one: Any, result: str) -> str:
    return f"{_SAID[result]}, but: {one.words}" if one.by and one.words else _SAID[result]


def _result(found: str, answers: Mapping[str, Any], shown: Mapping[str, dict[str, bool]]) -> str:
    if found in shown:
        return "pass" if all(shown[found].values()) else "fail"
    return answers[found].answer if found in answers else "open"


def _said(one: Any, result: str) -> str:
    return f"pass, without: {one.short}" if result == "pass" and one.short else _SAID[result]


def _head(requirements: Mapping[str, Any], result: Mapping[str, str]) -> list[str]:
    every = Counter(result.values())
    auto = [found for found, one in requirements.items() if one.kind == "auto"]
    passing = sum(result[found] == "pass" for found in auto)
    asked = sum(one.kind != "declined" for one in requirements.values())
    partly = sum(bool(one.short) and result[found] == "pass" for found, one in requirements.items())
    levels = ", ".join(f"level {level}: {_answered(requirements, result, level)}" for level in "123")
    return [
        f"Written by `make asvs` on {datetime.now(UTC):%Y-%m-%d}. Ids and order: OWASP ASVS 5.0.0 (CC BY-SA 4.0);",
        "the words are ours. Left out: 82 requirements about what the portal does not have (OAuth, XML, WebRTC, …).",
        "",
        f"**{passing} of {len(auto)} automated, {every['pass'] + every['written']} of {asked} answered, "
        f"{every['declined']} declined with reasons, {every['open']} open, {every['fail']} failing.**",
        f"Answered by level: {levels}. {partly} of them pass without something that is named beside them.", "",
        "*pass*: a test named here shows it. *written*: a document answers it; the link leads there. *open*: nothing",
        "shows it yet, or the portal does not do it; the reason stands beside it. *declined*: not met, on purpose.",
    ]


def _answered(requirements: Mapping[str, Any], result: Mapping[str, str], level: str) -> str:
    asked = [found for found, one in requirements.items() if one.level == level and one.kind != "declined"]
    return f"{sum(result[found] in {'pass', 'written'} for found in asked)} of {len(asked)}"


def _by(found: str, answers: Mapping[str, Any], shown: Mapping[str, dict[str, bool]]) -> str:
    if found in shown:
        return "<br>".join(f"{test if passed else f'**{test}**'}" for test, passed in sorted(shown[found].items()))
    if found not in answers:
        return "no test ran"
    answer = answers[found]
    if not answer.where:
        return str(answer.words)
    file, _, heading = answer.where.partition("#")
    anchor = "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return f"[{file}: {heading}]({file.removeprefix('docs/')}#{anchor}). {answer.words}"
