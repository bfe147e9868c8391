"""Whatever officers and the cadre do in whatever order: the table is kept, and nothing written is lost.

What takes two officers, because it is high, is tried in the same way in `tests/casework/test_case_life.py`.
"""

from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.base.clock import now, telling
from portal.base.errors import Refused
from portal.flags import life
from portal.flags.commands import facts_of
from portal.flags.life import Move, Risk, Status
from portal.flags.models import Flag, FlagStep
from portal.followup import commands, policy, sheets
from tests.followup.at_desk import Officer, an_action, cadre_adds, cadre_answers, sent

OFFICERS = st.sampled_from(["rina", "dewi", "ratna"])
DESK_MOVES = st.sampled_from([Move.TAKE, Move.ASSIGN, Move.ASSESS, Move.ACT, Move.ASK, Move.WITHDRAW_QUESTION,
                              Move.CLOSE, Move.REOPEN])


def desk(city: SimpleNamespace) -> type[RuleBasedStateMachine]:
    """One concern of this city and three officers who do anything at any time."""

    class Desk(RuleBasedStateMachine):
        @initialize(already_open=st.booleans())
        def a_concern(self, already_open: bool) -> None:
            self.flag_id, self.written, self.numbers = sent(city), [], count()
            self.officers = {name: Officer(city, getattr(city, name)) for name in ("rina", "dewi", "ratna")}
            if already_open:
                self.opens("ratna")

        @rule(who=OFFICERS)
        def opens(self, who: str) -> None:
            self.officers[who].opens(self.flag_id)

        @rule(who=OFFICERS, move=DESK_MOVES, risk=st.sampled_from([Risk.MEDIUM, Risk.LOW]))
        def does(self, who: str, move: Move, risk: Risk) -> None:
            officer, text = self.officers[who], f"catatan {next(self.numbers)}"
            allowed = move in policy.offered(self.flag, officer.viewer)
            try:
                officer.does(move, self.flag_id, *self._given(move, text, risk))
            except Refused:
                assert not allowed
            else:
                assert allowed
                self.written += [text] if move not in {Move.TAKE, Move.ASK, Move.WITHDRAW_QUESTION} else []

        @rule(who=OFFICERS, move=DESK_MOVES)
        def does_on_an_older_page(self, who: str, move: Move) -> None:
            before = self.flag.version
            try:
                self.officers[who].does(move, self.flag_id, version=before - 1)
            except Refused:
                assert self.flag.version == before
            else:
                raise AssertionError("an older page won")

        @rule()
        def cadre_adds(self) -> None:
            if self.flag.status in life.OPEN:
                cadre_adds(city, self.flag_id)

        @rule()
        def cadre_answers(self) -> None:
            if self.flag.status == Status.WAITING:
                cadre_answers(city, self.flag_id)

        @invariant()
        def every_note_is_kept_and_every_step_left_one_trace(self) -> None:
            rina, flag = self.officers["rina"], self.flag
            steps = city.db.scalar(select(func.count()).where(FlagStep.flag_id == self.flag_id))
            traces = city.db.scalar(select(func.count()).where(
                AuditEntry.subject == str(self.flag_id), AuditEntry.action.in_([f"flag.{move}" for move in Move])))
            log = sheets._log(city.db, rina.ring, flag, [], {}, viewer=rina.viewer)
            assert [entry.content["text"] for entry in reversed(log) if "text" in entry.content] == self.written
            assert steps == traces == flag.version == len(log)

        @invariant()
        def its_stage_follows_from_its_facts(self) -> None:
            flag = self.flag
            if flag.status not in {Status.NEW, Status.WAITING, Status.CLOSED, Status.REOPENED}:
                assert flag.status == life.resting_place(facts_of(flag))
            assert (flag.status == Status.CLOSED) == (flag.closed_at is not None)

        @property
        def flag(self) -> Flag:
            city.db.rollback()
            return city.db.get_one(Flag, self.flag_id, populate_existing=True)

        def _given(self, move: Move, text: str, risk: Risk) -> tuple:
            other = city.rina if self.flag.assignee_id == city.dewi.account_id else city.dewi
            return {Move.ASSIGN: (other.account_id, text), Move.ASSESS: (risk, text),
                    Move.ACT: (an_action(city, text=text),), Move.CLOSE: (commands.Closing("done", text, "done"),),
                    Move.REOPEN: (text,)}.get(move, ())

    return Desk


@pytest.mark.asvs("V2.3.1")
def test_no_order_of_acts_breaks_the_table_or_loses_a_note(city):
    run_state_machine_as_test(desk(city), settings=settings(
        max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)))


def test_ninety_days_after_its_end_a_concern_is_begun_again_no_more_and_a_moment_before_it_is(city):
    rina, ended = Officer(city, city.rina), now()
    with telling(ended):
        late, early = sent(city), sent(city)
        for flag_id in (late, early):
            rina.closes(flag_id)

    with telling(ended + timedelta(days=90) - timedelta(seconds=1)):
        rina.does(Move.REOPEN, early)
    with telling(ended + timedelta(days=90)), pytest.raises(Refused, match="too long ago"):
        rina.does(Move.REOPEN, late)
