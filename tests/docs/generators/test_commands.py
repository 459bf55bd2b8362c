"""The reference of the commands."""

from tests.docs.generators.generator import generator

PAGE = generator("commands").every_command()


def test_inner_commands_have_their_sections() -> None:
    assert "### `dartboard credentials issue` { #dartboard-credentials-issue }" in PAGE


def test_options_have_their_help() -> None:
    assert "- `--store URL`: " in PAGE


def test_hidden_options_are_left_out() -> None:
    assert "--parent" not in PAGE
