"""Lines that arrive in pieces."""

import random

import pytest

from worker.service.lines import Lines


@pytest.mark.parametrize("seed", range(5))
def test_pieces_of_any_size_become_the_same_lines(seed: int) -> None:
    generator = random.Random(seed)
    text = bytes(generator.choices(b"ab\n", k=500))
    lines, found = Lines(), []
    while text:
        size = generator.randrange(1, 40)
        lines.add(text[:size])
        text = text[size:]
        while (line := lines.next()) is not None:
            found.append(line)
    generator = random.Random(seed)
    assert found == bytes(generator.choices(b"ab\n", k=500)).split(b"\n")[:-1]


def test_half_a_line_is_no_line() -> None:
    lines = Lines()
    lines.add(b"half")
    assert lines.next() is None
