"""A table is made of a file that is read twice: first for the types in all of it, then to load it.

The second pass must never guess: what the first has found is said in full.
"""

from __future__ import annotations

import uuid

from sluice._source import Source
from sluice.errors import IncompleteError
from sluice.v1 import dialect_pb2, profile_pb2
from sluice.v1 import ingest_service_pb2 as pb


def is_due(spec: pb.UploadSpec, source: Source, asked: bool | None, limit: int) -> bool:
    """Whether the file is read for the types first."""
    if not spec.create_table or spec.create_statement or asked is False:
        return False
    if asked and not source.rereadable:
        raise ValueError(f"full_scan reads the source twice, and {source.name} can be read once")
    if asked:
        return True
    small = source.total_bytes is not None and source.total_bytes <= limit
    return source.rereadable and small and (not spec.HasField("sniff") or spec.sniff)


def question(spec: pb.UploadSpec) -> pb.UploadSpec:
    """Return the first pass: a dry run that finds the types in the whole file."""
    first = pb.UploadSpec()
    first.CopyFrom(spec)
    first.transfer_id = str(uuid.uuid4())
    first.dry_run = True
    first.full_scan = True
    return first


def settle(spec: pb.UploadSpec, found: pb.UploadResponse) -> pb.UploadSpec:
    """Return the second pass: the statement, the dialect and the rules of the columns that were found."""
    if not found.create_statement or not found.HasField("profile"):
        raise IncompleteError("the server's answer has no statement, which the contract promises")
    second = pb.UploadSpec()
    second.CopyFrom(spec)
    # The statement says where.
    second.create_on_cluster = ""
    second.create_statement = found.create_statement
    second.dialect.CopyFrom(found.profile.dialect)
    second.sniff = False
    given = {rules.column: rules for rules in second.values.columns}
    for index, column in enumerate(found.profile.columns):
        name = _target(column, index, spec)
        if name is None:
            continue
        rules = _rules(name, column)
        if name in given:
            _merge(given[name], rules)
        elif rules != dialect_pb2.ColumnValueOptions(column=name):
            second.values.columns.append(rules)
    return second


def _target(column: profile_pb2.ProfileColumn, index: int, spec: pb.UploadSpec) -> str | None:
    """Return the column of the table that a field of the file goes to."""
    if not spec.columns:
        return column.name
    header = column.original_name if column.HasField("original_name") else column.name
    for mapping in spec.columns:
        names = {header, column.name, str(index + 1)} if mapping.source else {header, column.name}
        if (mapping.source or mapping.column) in names:
            return mapping.column
    return None


def _rules(name: str, column: profile_pb2.ProfileColumn) -> dialect_pb2.ColumnValueOptions:
    rules = dialect_pb2.ColumnValueOptions(
        column=name, null_markers=column.null_markers, date_format=column.date_format
    )
    if column.decimal_comma:
        rules.decimal_comma = True
    if column.HasField("thousands"):
        rules.thousands = column.thousands
    if column.HasField("unit"):
        rules.unit = column.unit
    if column.excel_text:
        rules.excel_text = True
    return rules


def _merge(given: dialect_pb2.ColumnValueOptions, found: dialect_pb2.ColumnValueOptions) -> None:
    """Fill in what was left open."""
    given.null_markers.extend(marker for marker in found.null_markers if marker not in given.null_markers)
    given.date_format = given.date_format or found.date_format
    if found.HasField("decimal_comma") and not given.HasField("decimal_comma"):
        given.decimal_comma = found.decimal_comma
    if found.HasField("thousands") and not given.HasField("thousands"):
        given.thousands = found.thousands
    if found.HasField("unit") and not given.HasField("unit"):
        given.unit = found.unit
    if found.HasField("excel_text") and not given.HasField("excel_text"):
        given.excel_text = found.excel_text
