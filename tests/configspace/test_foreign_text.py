"""Foreign text: what is cleaned, and where it enters."""

import json
import random
from collections.abc import Callable

import pytest

from configspace.errors import ServiceError
from configspace.foreign_text import cleaned, described
from configspace.job import MESSAGE_CHARACTERS, EvaluationId, Failure, Outcome, Trial
from configspace.protocol import EvaluationProgress, WorkerInfo

ID = EvaluationId(configuration=(0, 0, 0), epochs=1)
TEXTS = ("name", "instance", "host", "device", "engine", "machine")
"""Fields of `WorkerInfo` with foreign text."""
DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
UNSAFE = [
    chr(code)
    for code in (*range(9), *range(11, 32), *range(0x7F, 0xA0), *DIRECTIONS, 0xD800, 0xDFFF)
]


def is_safe(text: str) -> bool:
    text.encode()  # fails for a lone surrogate
    return not set(text) & set(UNSAFE)


def foreign(generator: random.Random) -> str:
    """Return a text of unsafe, ASCII and other characters."""
    kinds: list[Callable[[], str]] = [
        lambda: generator.choice(UNSAFE),
        lambda: chr(generator.randrange(32, 127)),
        lambda: chr(generator.randrange(0x11_0000)),
        lambda: "\r\n",
    ]
    return "".join(generator.choice(kinds)() for _ in range(generator.randrange(1, 16)))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\x00b", r"a\x00b"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31mred", r"\x9b31mred"),
        ("/data/\udcff", r"/data/\udcff"),
        ("a\u202egpj.exe", r"a\u202egpj.exe"),
        ("10 %\r20 %\r\n", "10 %\\x0d20 %\n"),
        ("π\tΩ 漢字 🎯\n", "π\tΩ 漢字 🎯\n"),
    ],
    ids=["NUL", "ESC", "C1", "surrogate", "bidi", "CR", "clean"],
)
def test_unsafe_characters_become_escapes(text: str, clean: str) -> None:
    assert cleaned(text) == clean


@pytest.mark.parametrize("seed", range(50))
def test_any_text_crosses_the_wire_clean(seed: int) -> None:
    generator = random.Random(seed)

    def text() -> str:
        return foreign(generator)

    trial = Trial(seed=1, one_shot_psnr=1.0, architecture=(text(), text()))
    messages = [
        Failure(id=ID, kind="exception", message=text()),
        Outcome(id=ID, trials=(trial,), engine=text(), device=text()),
        WorkerInfo.model_validate(
            {key: text() for key in ("name", "instance", "host", "device", "engine", "machine")}
            | {"target": text(), "pid": 1, "versions": {text(): text()}}
        ),
    ]
    for message in messages:
        assert type(message).from_wire(message.to_wire()) == message
        assert is_safe(json.dumps(message.to_wire(), ensure_ascii=False))
    assert is_safe(EvaluationProgress.from_wire([text(), 1, 2]).phase)
    error = ServiceError(text(), advice=text())
    assert is_safe(str(error))


def test_text_of_another_machine_is_cleaned() -> None:
    wire = {**Failure(id=ID, kind="exit", message="").to_wire(), "message": "a\x00b"}
    assert Failure.from_wire(wire).message == r"a\x00b"


def test_a_very_long_message_is_cut() -> None:
    failure = Failure(id=ID, kind="exception", message="x" * 10_000_000)
    assert failure.message == "x" * MESSAGE_CHARACTERS


class MuteError(Exception):
    """An exception whose text is what a test sets, or fails."""

    text: object = None

    def __str__(self) -> str:
        if isinstance(self.text, BaseException):
            raise self.text
        return self.text  # type: ignore[return-value]  # some return something else

    __repr__ = __str__


@pytest.mark.parametrize("text", [3, None, "", ValueError("no"), SystemExit(0), RecursionError()])
def test_an_exception_without_text_has_its_type(text: object) -> None:
    error = MuteError()
    error.text = text
    assert described(error) == "MuteError"
    assert described(SystemExit(error)) == "it called sys.exit()"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\n  lines\x1b"), r"ValueError: two lines\x1b"),
        (KeyError("name"), "KeyError: 'name'"),
        (SystemExit("bye"), "it called sys.exit('bye')"),
        (RuntimeError("x" * 10_000_000), f"RuntimeError: {'x' * 1000} …"),
    ],
)
def test_an_exception_is_one_short_line(error: BaseException, line: str) -> None:
    assert described(error) == line
