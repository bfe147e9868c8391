"""A sealed file: any length, little memory, and no chunk of it can be cut off, swapped, repeated or moved."""

import io
import tracemalloc

import pytest

from portal.base import vault

KEY = bytes(range(32))
CHUNK = vault._CHUNK
SEALED = CHUNK + 16


def sealed(data: bytes, *, label: str = "place", pieces: int = 70_000) -> bytes:
    file = io.BytesIO()
    body = vault.SealingFile(file, KEY, label=label)
    for first in range(0, len(data), pieces):
        body.write(data[first:first + pieces])
    body.finish()
    return file.getvalue()


def opened(data: bytes, *, label: str = "place", key: bytes = KEY) -> bytes:
    body, parts = vault.OpeningFile(io.BytesIO(data), key, label=label), []
    while part := body.read(99_999):
        parts.append(part)
    return b"".join(parts)


def some(size: int) -> bytes:
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_what_was_sealed_opens_again(size):
    assert opened(sealed(some(size))) == some(size)


@pytest.mark.parametrize("harm", [
    lambda data: data[:-SEALED],                                              # the last chunk cut off
    lambda data: data[:-1],
    lambda data: data[SEALED:],                                               # the first one
    lambda data: b"",
    lambda data: data[SEALED:2 * SEALED] + data[:SEALED] + data[2 * SEALED:],  # two swapped
    lambda data: data[:SEALED] + data[:SEALED] + data[2 * SEALED:],           # one repeated
    lambda data: data + data[-SEALED:],                                       # one more
    lambda data: data + b"\0",
    lambda data: data[:100] + bytes([data[100] ^ 128]) + data[101:],
    lambda data: sealed(some(3 * CHUNK), label="elsewhere"),
])
def test_what_was_harmed_does_not_open(harm):
    with pytest.raises(vault.DoesNotOpen):
        opened(harm(sealed(some(3 * CHUNK))))


def test_another_key_does_not_open_it():
    with pytest.raises(vault.DoesNotOpen):
        opened(sealed(b"x"), key=bytes(32))


def test_who_reads_only_the_beginning_learns_of_the_missing_end_by_reading_on():
    body = vault.OpeningFile(io.BytesIO(sealed(some(3 * CHUNK))[:-SEALED]), KEY, label="place")

    assert body.read(10) == some(10)
    with pytest.raises(vault.DoesNotOpen):
        body.read_to_the_end()


def test_a_large_file_needs_little_memory(tmp_path):
    tracemalloc.start()
    with (tmp_path / "large").open("wb") as file:
        body = vault.SealingFile(file, KEY, label="place")
        for _ in range(640):
            body.write(bytes(65_536))
        body.finish()
    with (tmp_path / "large").open("rb") as file:
        vault.OpeningFile(file, KEY, label="place").read_to_the_end()
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (tmp_path / "large").stat().st_size > 40_000_000
    assert most < 16_000_000
