"""Guards whose loss alone shows nothing, and why that is right.

Either another guard stands behind (then both are taken away together, and that must be noticed), or nothing can come
to the guard that it would refuse. No line here may stand for a test that is missing.
"""

from collections.abc import Mapping

STANDS_BEHIND: Mapping[str, tuple[str, ...]] = {
    # the picture is drawn from its root downwards, and its numbers are of the same places
    "portal.reports.coverage:coverage: clause dropped: shown_below(root)": (
        "portal.reports.coverage:numbers_in: clause dropped: shown_below(root)",),
    "portal.reports.coverage:numbers_in: clause dropped: shown_below(root)": (
        "portal.reports.coverage:coverage: clause dropped: shown_below(root)",),
    # each key is one unit's
    "portal.casework.duplicates:merge: part dropped: into.unit_id != flag.unit_id": (
        "portal.casework.duplicates:merge: part dropped: into.key_id not in like(session, flag.key_id)",),
}
"""By guard, those that stand behind it; they go together, as one mutant."""

NOTHING_COMES: Mapping[str, str] = {
    "portal.accounts.commands:key_ring_of: part dropped: not cookie":
        "an empty half joins to no key: the next line says so",
    "portal.accounts.passkeys:add: never asked: session.scalar(select(Passkey.id).where(Passkey.credential_id == "
    "made.credential_id)) is not None":
        "the database refuses a second row of the same credential (UNIQUE); the question only makes it a sentence",
    "portal.accounts.queries:sealing_key: clause dropped: SealingKey.retired_at.is_(None)":
        "only a key that a newer one has replaced is retired, and the newest is asked for",
    "portal.accounts.queries:colleagues: clause dropped: newer.retired_at.is_(None)":
        "only a key that a newer one has replaced is retired: the newest is never",
    "portal.accounts.queries:_posted: clause dropped: who.in_(select(Posting.account_id).where(where))":
        "whoever was posted at a moment was posted ever; asked first as a matter of speed",
    "portal.accounts.queries:beside_units_at: clause dropped: Posting.unit_id.is_(None)":
        "a unit's people have their place in its own city: the other half says the same of them",
    "portal.accounts.unit_keys:begin: always: by.unit_id":
        "there is no key of no unit: the list is as empty",
    "portal.accounts.views.keys:grant_key: never asked: to is None":
        "nobody is no colleague: the command makes the same refusal of that",
    "portal.casework.duplicates:merge: part dropped: into.id == flag.id":
        "what lies under another takes no note: the table of moves refuses what would lie under itself",
    "portal.casework.proposals:put: never asked: undecided(session, flag) is not None":
        "the database has one undecided proposal a concern (an index); the refusal is the same",
    "portal.flags.commands:step_aside: part dropped: hers":
        "the move leads a concern that is somebody else's to where it stands",
    "portal.flags.queries:get_flag: part dropped: reference":
        "what cannot be read as a code is nothing, and no concern has nothing for its code",
    "portal.followup.queue_views:_summaries: part dropped: not wanted":
        "of no line nothing is opened, which leaves no trace either",
    "portal.followup.sheets:_log: always: by":
        "what nobody did has no name: none is found for nobody either",
    "portal.followup.sheets:_log: not filtered: by":
        "what nobody did has no name: none is found for nobody either",
    "portal.outreach.queries:_in_area: turned round: viewer.area_path.count('/') > _PATH_OF_KECAMATAN":
        "two ways to ask for the same sessions; which one is a matter of speed",
    "portal.outreach.queries:_list_rows: clause dropped: OutreachTopic.outreach_id.in_([row.id for row in rows])":
        "topics are picked by their session afterwards; without it more rows are read, not shown",
    "portal.reports.coverage_evidence:activities: clause dropped: OutreachTopic.outreach_id.in_([row.id for row in "
    "found[first:first + _AT_ONCE]])":
        "topics are picked by their session afterwards; without it more rows are read, not shown",
    "portal.reports.coverage_evidence:_fed: clause dropped: shown_below(root)":
        "sums are kept by area, and only those of the areas that are shown are read",
    "portal.reports.coverage_topics:subjects_in: clause dropped: areas.below(path)":
        "sums are kept by area, and only those of the areas that are shown are read",
    "portal.accounts.news:tell: clause dropped: AccountNews.told_on.is_(None)":
        "what was told before is told again to have been: the day of it is shown nowhere",
    "portal.web.pace:_keep: part dropped: not (current_user and current_user.is_authenticated)":
        "who has not signed in was led away by the guard before; what is open to everybody is in nobody's turn",
    "portal.reports.coverage:scope: never asked: not code.isprintable()":
        "asked for the sake of PostgreSQL, on which its own test runs; SQLite looks for it and finds none",
    "portal.audit.anchors:append: always: stream.tell() > len(there)":
        "a file that has no more than its whole lines is cut off where it ends",
    "portal.upkeep.forgetting:_forget: not done: "
    "session.execute(delete(ContentKey).where(ContentKey.flag_id.in_(ids)))":
        "the database lets its keys go with a concern (ON DELETE CASCADE), in the same transaction",
    "portal.upkeep.forgetting:_accounts: part dropped: account.role in FIELD":
        "whoever was ever at the office has a posting from then on: the other half says the same of her",
    "portal.upkeep.restoring:_join: not done: database.unlink()":
        "comes on PostgreSQL alone, where the test of its restore looks for what is left",
    "portal.upkeep.retention:_ended_long_ago: clause dropped: Flag.status == Status.CLOSED":
        "the database has the time of an end on what is closed and on nothing else (a CHECK)",
}
"""By guard, why nothing that it would refuse can come to it, or why the answer is the same without it."""
