"""The reference of study and campaign files."""

import pytest
from pydantic import BaseModel

from configspace.campaign import CampaignFile
from configspace.hyperparameters import DOMAINS
from configspace.study import Study
from tests.docs.generators.generator import generator

settings = generator("settings")


@pytest.mark.parametrize("model", [Study, CampaignFile])
def test_every_key_is_described(model: type[BaseModel]) -> None:
    tables = {key: settings._table_model(field) for key, field in model.model_fields.items()}
    keys = {model: [key for key, table in tables.items() if table is None]}
    keys |= {table: list(table.model_fields) for table in tables.values() if table is not None}
    missing = [
        f"{one.__name__}.{key}"
        for one, names in keys.items()
        for key in set(names) - set(settings.attribute_docstrings(one))
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 4, "maximum": 512}, "integer from 4 to 512"),
        ({"type": "number", "exclusiveMinimum": 0}, "number, above 0"),
        ({"enum": ["good", "all"], "type": "string"}, 'one of `"good"`, `"all"`'),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        ({"type": "array", "items": {"type": "string"}}, "list of: text"),
        ({"$ref": "#/$defs/Two"}, "`2`"),
    ],
)
def test_allowed_values_in_words(schema: dict[str, object], words: str) -> None:
    assert settings._values(schema, {"Two": {"const": 2}}) == words


def test_hyperparameters_have_one_row_each() -> None:
    rows = settings.hyperparameters().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(DOMAINS)
