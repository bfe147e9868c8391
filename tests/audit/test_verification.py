"""What the verifier says, on both databases. What it sees of tampering: `tests/proof/test_audit_trail.py`."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.audit import anchors, chain, sealed, verification
from portal.audit.log import record
from portal.base.db import writing
from portal.base.settings import ServerKeys
from tests.support import tampering


def verify(city, lines=None):
    city.db.rollback()
    return verification.verify(city.db, lines, {sealed.public_key(city.keys)})


def test_a_whole_trail_has_no_faults(any_city):
    line = anchors.to_line(any_city.keys, anchors.present(any_city.db))

    verdict = verify(any_city, [line, "\n"])

    assert (verdict.holds, verdict.faults, verdict.anchors, verdict.anchored) == (True, [], 1, verdict.links)


@pytest.mark.asvs("V16.4.2")
def test_one_altered_entry_is_one_fault_at_its_place(any_city):
    tampering.tamper(any_city.url, tampering.alter)

    verdict = verify(any_city)

    assert (verdict.holds, verdict.number_of_faults) == (False, 1)
    assert verdict.faults[0].startswith(f"Link {verdict.links // 2} (entry ")


@pytest.mark.asvs("V16.4.2")
@pytest.mark.parametrize("alteration", tampering.ALTERATIONS, ids=lambda way: way.__name__)
def test_whatever_is_altered_in_an_entry_is_a_fault(any_city, alteration):
    filled = verify(any_city).links + 2  # so that the one in the middle has a value in every column
    with writing(any_city.db):
        for number in range(filled):
            record(any_city.db, "test.act", number, by=any_city.rina.account_id, reason="unit", amount=3)
    assert verify(any_city).holds

    tampering.tamper(any_city.url, alteration)

    assert verify(any_city).number_of_faults == 1


def test_an_anchor_over_a_chain_with_gaps_is_a_fault(any_city):
    whole = anchors.present(any_city.db)
    line = anchors.to_line(any_city.keys, replace(whole, count=whole.count - 1))

    faults = verify(any_city, [line]).faults

    assert faults == [f"At link {whole.seq} the chain is another than the one anchored at {whole.at}."]


def test_another_chain_than_the_anchored_one_is_a_fault(any_city):
    whole = anchors.present(any_city.db)
    line = anchors.to_line(any_city.keys, replace(whole, head="0" * 64))

    assert verify(any_city, [line]).faults == [
        f"At link {whole.seq} the chain is another than the one anchored at {whole.at}."]


def test_a_trail_of_which_nothing_was_there_at_its_first_anchor_begins_there(any_city):
    none = replace(anchors.present(any_city.db), seq=0, count=0, head=chain.BEGINNING.hex())
    lines = [anchors.to_line(any_city.keys, anchor) for anchor in (none, replace(none, head="0" * 63 + "1"))]

    assert verify(any_city, lines[:1]).holds
    assert verify(any_city, lines).faults == [
        f"At link 0 the chain is another than the one anchored at {none.at}."]


def test_a_line_that_is_no_anchor_of_ours_is_a_fault_with_its_number(any_city):
    line = anchors.to_line(any_city.keys, anchors.present(any_city.db))
    others = anchors.to_line(ServerKeys.fresh(), anchors.present(any_city.db))

    assert verify(any_city, [line, "x", others]).faults == [
        "Line 2 of the anchors is no anchor.", "Line 3 of the anchors is not signed by this server."]


def test_an_entry_put_in_without_a_link_is_counted(any_city):
    tampering.tamper(any_city.url, lambda connection: connection.execute(text(
        "INSERT INTO audit_entries (id, at, action, subject, reason, amount) "
        "SELECT 900000, at, 'x', 'x', '', 1 FROM audit_entries WHERE id = 1")))

    assert verify(any_city).faults == ["1 entries are not in the chain."]


@pytest.mark.asvs("V16.4.2")
def test_missing_links_are_said_with_their_numbers(any_city):
    links = verify(any_city).links
    tampering.tamper(any_city.url, lambda connection: connection.execute(text(
        "DELETE FROM audit_links WHERE seq IN (3, 4)")))

    assert verify(any_city).faults[:2] == [
        "Links 3 to 4 are missing.", f"Link 5 (entry {_entry_of(any_city, 5)}) does not follow on the one before it."]
    assert verify(any_city).links == links


@pytest.mark.asvs("V16.4.2", "V16.4.3")
def test_a_trail_that_ends_before_its_anchor_is_said(any_city):
    line = anchors.to_line(any_city.keys, anchors.present(any_city.db))
    links = verify(any_city).links
    tampering.tamper(any_city.url, tampering.cut_tail)

    faults = verify(any_city, [line]).faults

    assert len(faults) == 1
    assert faults[0].startswith(f"The chain ends at {links - 3}, but it was anchored at {links} (")


def test_many_faults_are_counted_and_only_some_said(any_city):
    with writing(any_city.db):
        for number in range(60):
            record(any_city.db, "test.act", number, by=None)
    tampering.tamper(any_city.url, lambda connection: connection.execute(text(
        "UPDATE audit_entries SET amount = amount + 1")))

    verdict = verify(any_city)

    assert verdict.number_of_faults == verdict.links
    assert len(verdict.faults) == verification.MOST_FAULTS


def test_an_empty_trail_holds_and_can_be_anchored(any_city):
    tampering.tamper(any_city.url, lambda connection: [connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
                                                       for table in ("audit_links", "audit_entries")])
    any_city.db.rollback()
    line = anchors.to_line(any_city.keys, anchors.present(any_city.db))

    verdict = verify(any_city, [line])

    assert (verdict.holds, verdict.links, verdict.anchored) == (True, 0, 0)


def _entry_of(city, seq):
    return city.db.execute(text("SELECT entry_id FROM audit_links WHERE seq = :seq"), {"seq": seq}).scalar()
