"""Writes the reference of the contract from the comments of its protos.

Reads the JSON image of `buf build proto -o -#format=json` from standard input, and prints Markdown.
`make reference` keeps `docs/reference.md`, `make lint` sees that it is fresh.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any, cast

Node = dict[str, Any]
Path = tuple[int, ...]

# The numbers of the fields of a file, a message, an enum and a service in descriptor.proto.
MESSAGES, ENUMS, SERVICES = 4, 5, 6
FIELDS, NESTED, NESTED_ENUMS = 2, 3, 4
VALUES, METHODS = 2, 2

SCALARS = {
    "TYPE_BOOL": "bool",
    "TYPE_BYTES": "bytes",
    "TYPE_DOUBLE": "double",
    "TYPE_FIXED32": "fixed32",
    "TYPE_FIXED64": "fixed64",
    "TYPE_FLOAT": "float",
    "TYPE_INT32": "int32",
    "TYPE_INT64": "int64",
    "TYPE_STRING": "string",
    "TYPE_UINT32": "uint32",
    "TYPE_UINT64": "uint64",
}


def comments(file: Node) -> dict[Path, str]:
    """Return the comment before each element, by the element's path."""
    found = {}
    for place in file["sourceCodeInfo"]["location"]:
        if text := place.get("leadingComments"):
            lines = [line.strip() for line in text.strip().splitlines()]
            paragraphs = "\n".join(lines).split("\n\n")
            joined = (paragraph.replace("\n", " ") for paragraph in paragraphs)
            found[tuple(place["path"])] = "\n\n".join(joined)
    return found


def anchor(name: str) -> str:
    """Return the anchor of a heading."""
    return name.lower().replace(".", "")


def linked(full_name: str) -> str:
    """Return the name of a type, with a link where the reference has it."""
    name = full_name.removeprefix(".")
    if name.startswith("sluice.v1."):
        short = name.removeprefix("sluice.v1.")
        return f"[{short}](#{anchor(short)})"
    return f"`{name}`"


def type_of(field: Node) -> str:
    """Return the type of a field as people write it."""
    base = SCALARS.get(field["type"]) or linked(field["typeName"])
    if field.get("label") == "LABEL_REPEATED":
        return f"repeated {base}"
    return f"optional {base}" if field.get("proto3Optional") else base


def cell(text: str) -> str:
    """Return a text as it stands in a table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n\n", "<br>")


def message(node: Node, path: Path, said: dict[Path, str], prefix: str) -> Iterator[str]:
    """Write one message, and those inside of it."""
    name = prefix + node["name"]
    yield f"### {name}\n\n{said.get(path, '')}\n"
    if fields := node.get("field"):
        oneofs = node.get("oneofDecl", [])
        yield "| field | number | type | |\n| --- | ---: | --- | --- |"
        for index, field in enumerate(fields):
            text = said.get((*path, FIELDS, index), "")
            if "oneofIndex" in field and not field.get("proto3Optional"):
                text = f"One of `{oneofs[field['oneofIndex']]['name']}`. {text}"
            row = f"`{field['name']}` | {field['number']} | {type_of(field)} | {cell(text)}"
            yield f"| {row} |"
        yield ""
    for index, inner in enumerate(node.get("nestedType", [])):
        yield from message(inner, (*path, NESTED, index), said, f"{name}.")
    for index, inner in enumerate(node.get("enumType", [])):
        yield from enum(inner, (*path, NESTED_ENUMS, index), said, f"{name}.")


def enum(node: Node, path: Path, said: dict[Path, str], prefix: str) -> Iterator[str]:
    """Write one enum."""
    yield f"### {prefix}{node['name']}\n\n{said.get(path, '')}\n"
    yield "| value | number | |\n| --- | ---: | --- |"
    for index, value in enumerate(node["value"]):
        text = cell(said.get((*path, VALUES, index), ""))
        yield f"| `{value['name']}` | {value.get('number', 0)} | {text} |"
    yield ""


def service(node: Node, path: Path, said: dict[Path, str]) -> Iterator[str]:
    """Write one service."""
    yield f"## {node['name']}\n\n{said.get(path, '')}\n"
    for index, method in enumerate(node["method"]):
        sides = [("clientStreaming", "inputType"), ("serverStreaming", "outputType")]
        request, response = (
            ("stream of " if method.get(stream) else "") + linked(method[kind])
            for stream, kind in sides
        )
        text = said.get((*path, METHODS, index), "")
        yield f"### {method['name']}\n\n{request} → {response}\n\n{text}\n"


def reference(files: list[Node]) -> Iterator[str]:
    """Write all services, then all messages and enums."""
    yield "# Reference of `sluice.v1`\n"
    yield (
        "Made from the comments in `proto/sluice/v1/` by `make reference`. How to use the "
        "contract, from any language, is in [`proto/README.md`](../proto/README.md).\n"
    )
    read = [(file, comments(file)) for file in files]
    for file, said in read:
        for index, node in enumerate(file.get("service", [])):
            yield from service(node, (SERVICES, index), said)
    for file, said in read:
        yield f"## {file['name'].removeprefix('sluice/v1/')}\n"
        for index, node in enumerate(file.get("messageType", [])):
            yield from message(node, (MESSAGES, index), said, "")
        for index, node in enumerate(file.get("enumType", [])):
            yield from enum(node, (ENUMS, index), said, "")


def main() -> None:
    """Read the image, write the reference."""
    image = cast(Node, json.load(sys.stdin))
    own = [file for file in image["file"] if file["package"] == "sluice.v1"]
    print("\n".join(reference(own)).rstrip())


if __name__ == "__main__":
    main()
