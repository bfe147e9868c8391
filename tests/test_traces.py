"""What reads traces and cuts the power, with traces written by hand."""

import random

from tests.support.powercut import Disk, cuts
from tests.support.traced import Answer, Gone, Named, Sync, Write, events, said_too_early


def written(text):
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


WAL, SOCKET = written("/c.sqlite-wal"), written("socket:[7]")
WRITE = f'9 pwrite64(4<{WAL}>, "{written("abc")}", 3, 32) = 3'
SYNC = f"9 fdatasync(4<{WAL}>) = 0"
DONE = f'9 sendto(5<{SOCKET}>, "{written("HTTP/1.1 303 SEE OTHER")}", 22, 0, NULL, 0) = 22'


def test_a_trace_is_read_as_writes_syncs_and_answers():
    lines = [WRITE, SYNC, DONE, f"9 ftruncate(4<{WAL}>, 8) = 0", f'9 unlink("{WAL}") = 0', "9 +++ exited +++"]

    assert list(events(lines)) == [Write("/c.sqlite-wal", 32, b"abc"), Sync("/c.sqlite-wal"),
                                   Answer(303, b"HTTP/1.1 303 SEE OTHER"), Write("/c.sqlite-wal", 8, None),
                                   Gone("/c.sqlite-wal")]


def test_what_is_no_answer_and_no_database_is_left_out():
    refused = DONE.replace(written("303"), written("503"))
    other = WRITE.replace(WAL, written("/var/log"))

    assert list(events([refused, other, f'9 sendto(5<{SOCKET}>, "{written("hello")}", 5) = 5'])) == []


def test_a_sync_counts_when_it_has_returned_and_an_answer_when_it_begins():
    lines = [WRITE, f"9 fdatasync(4<{WAL}> <unfinished ...>", DONE.replace("9 ", "8 ", 1),
             "9 <... fdatasync resumed>) = 0", DONE]

    assert said_too_early(events(lines)) == (2, 1)


def test_an_answer_before_the_sync_is_found():
    assert said_too_early(events([WRITE, DONE, SYNC])) == (1, 1)
    assert said_too_early(events([WRITE, SYNC, DONE])) == (1, 0)


def test_a_photo_counts_with_its_name_and_its_folder():
    part, photo, folder = (written(path) for path in ("/p/.a.part", "/p/b.jpg", "/p"))
    write, sync = f'9 write(4<{part}>, "{written("abc")}", 3) = 3', f"9 fsync(4<{part}>) = 0"
    name, sync_folder = f'9 rename("{part}", "{photo}") = 0', f"9 fsync(4<{folder}>) = 0"

    assert list(events([f'9 mkdir("{folder}", 0700) = 0', f'9 mkdir("{folder}", 0700) = -1 EEXIST (File exists)',
                        write, name])) == [
        Named("", "/p"), Write("/p/.a.part", 0, b"abc"), Named("/p/.a.part", "/p/b.jpg")]
    assert said_too_early(events([write, sync, name, sync_folder, DONE])) == (1, 0)
    assert said_too_early(events([write, sync, name, DONE])) == (1, 1)
    assert said_too_early(events([write, name, sync_folder, DONE])) == (1, 1)


def test_after_a_power_cut_only_what_was_synced_is_sure():
    disk = Disk({"db": bytearray(b"old.")})
    for event in (Write("db", 0, b"new"), Sync("db"), Write("db", 3, b"er")):
        disk.take(event)

    assert disk.after_the_cut() == {"db": bytearray(b"new.")}
    assert {bytes(disk.after_the_cut(random.Random(seed))["db"]) for seed in range(20)} == {b"new.", b"newer"}


def test_a_write_over_two_sectors_may_be_torn_in_between():
    disk = Disk({"db": bytearray(1024)})
    disk.take(Write("db", 510, b"abcd"))

    left = {bytes(disk.after_the_cut(random.Random(seed))["db"][508:516]) for seed in range(60)}

    assert left == {b"\0\0\0\0\0\0\0\0", b"\0\0ab\0\0\0\0", b"\0\0\0\0cd\0\0", b"\0\0abcd\0\0"}


def test_the_power_may_fail_before_and_after_every_sync_and_after_every_answer():
    happened = [Write("db", 0, b"a"), Sync("db"), Answer(303, b"")]

    assert [(bytes(disk.after_the_cut()["db"]), len(disk.said)) for disk in cuts(happened, {"db": b"-"})] == [
        (b"-", 0), (b"a", 0), (b"a", 1)]
