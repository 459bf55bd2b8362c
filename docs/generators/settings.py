"""The keys of study and campaign files, from the pydantic models and their docstrings."""

import ast
import inspect
import itertools
import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from configspace.campaign import CampaignFile
from configspace.hyperparameters import DOMAINS, LABELS, Hyperparameters, Interval
from configspace.study import Study

KINDS = {
    "integer": "integer",
    "number": "number",
    "string": "text",
    "boolean": "`true` or `false`",
    "array": "list",
    "object": "table",
}


def study_file() -> str:
    """Return one section for the top-level keys and one for each table of a study file."""
    return _file(Study)


def campaign_file() -> str:
    """Return one section for the top-level keys and one for each table of a campaign file."""
    return _file(CampaignFile)


def hyperparameters() -> str:
    """Return a table of the hyperparameters: range, meaning, and the value of preset H1."""
    meanings = attribute_docstrings(Hyperparameters)
    rows = ["| key | range | preset `H1` | meaning |", "|---|---|---|---|"]
    for name, domain in DOMAINS.items():
        if isinstance(domain, Interval):
            values = f"[{domain.low:g}, {domain.high:g}], on a logarithmic scale"
        else:
            values = ", ".join(f"`{_toml(value)}`" for value in domain.values)
        default = _toml(Hyperparameters.model_fields[name].default)
        meaning = " ".join(meanings[name].split())
        rows.append(f"| `{name}` | {values} | `{default}` | {LABELS[name]}: {meaning} |")
    return "\n".join(rows)


def attribute_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring below each attribute of a class, its bases included.

    Args:
        model: The class.

    Returns:
        Names to texts.
    """
    meanings: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if one.__module__.startswith("configspace."):
            tree: Any = ast.parse(textwrap.dedent(inspect.getsource(one)))
            lines = tree.body[0].body
            for above, below in itertools.pairwise(lines):
                if isinstance(above, ast.AnnAssign) and isinstance(below, ast.Expr):
                    meanings[ast.unparse(above.target)] = inspect.cleandoc(
                        ast.literal_eval(below.value)
                    )
    return meanings


def _file(model: type[BaseModel]) -> str:
    tables = _tables(model)
    keys = _keys(model, [name for name in model.model_fields if name not in tables], "")
    parts = ["## Top level\n", *keys]
    for name, table in tables.items():
        parts += _table(table, name)
    return "\n".join(parts)


def _table(model: type[BaseModel], name: str) -> Iterator[str]:
    """Yield the section of a table, and then those of the tables in it.

    Args:
        model: The table.
        name: Its dotted name, such as ``search.rs_ws``.
    """
    about = re.sub(r"^``\[[^:]*: ", "", inspect.cleandoc(model.__doc__ or ""))
    anchor = name.replace(".", "-")
    yield f"## `[{name}]` {{ #{anchor} }}\n"
    yield f"{about[0].upper()}{about[1:]}\n"
    inner = _tables(model)
    yield from _keys(model, [key for key in model.model_fields if key not in inner], f"{name}.")
    for key, table in inner.items():
        yield from _table(table, f"{name}.{key}")


def _tables(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the tables of a model by their keys."""
    models = {name: _table_model(field) for name, field in model.model_fields.items()}
    return {name: of for name, of in models.items() if of}


def _table_model(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a table of the file, or None for any other key."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _keys(model: type[BaseModel], names: Sequence[str], prefix: str) -> Iterator[str]:
    meanings = attribute_docstrings(model)
    schema = model.model_json_schema()
    for name in sorted(names, key=lambda name: not model.model_fields[name].is_required()):
        field = model.model_fields[name]
        default = _default(field)
        values = _values(schema["properties"][name], schema.get("$defs", {}))
        anchor = f"{prefix}{name}".replace(".", "-")
        yield f"### `{name}` {{ #key-{anchor} }}\n"
        yield f"*{values}; {default}*\n"
        yield f"{meanings.get(name, '')}\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined:
        return "not set by default"
    if isinstance(value, tuple):
        if any(isinstance(one, BaseModel) for one in value):
            return "not set by default"
        value = list(value)
    return f"default `{_toml(value)}`"


def _values(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return in words which values a JSON schema allows."""
    if "$ref" in schema:
        return _values(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        options = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(_values(one, definitions) for one in options)
    if "enum" in schema:
        return "one of " + ", ".join(f"`{_toml(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{_toml(schema['const'])}`"
    kind = KINDS[schema["type"]]
    if schema["type"] == "array" and "items" in schema:
        return f"list of: {_values(schema['items'], definitions)}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{kind} from {low:g} to {high:g}" if high < 1e9 else f"{kind}, {low:g} or more"
    bounds = [
        f"{word} {_toml(schema[key])}"
        for key, word in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema and schema[key] < 1e9
    ]
    return ", ".join([kind, *bounds])


def _toml(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
