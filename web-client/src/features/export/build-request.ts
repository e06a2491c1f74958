import { create } from "@bufbuild/protobuf";
import { Compression, Format } from "sluice-client/gen/sluice/v1/dialect_pb";
import {
  ConditionSchema,
  type ExportRequest,
  ExportRequestSchema,
  OrderBySchema,
  TableSourceSchema,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";

import type { ExportForm } from "./export-form";
import { valuesOfCondition, wholeConditions } from "./select-sql";

/** All that the server is told of an export. `query` is the text of a join or of the reader. */
export function buildRequest(form: ExportForm, transferId: string, query: string): ExportRequest {
  const { format } = form;
  const request = create(ExportRequestSchema, {
    transferId,
    dialect: {
      format: format.format,
      encoding: format.encoding,
      compression: format.compression,
      headerRows: format.hasHeader ? 1 : 0,
    },
    style: {
      lineEnd: format.lineEnd,
      quoteStyle: format.quoteStyle,
      excelSafe: format.isExcelSafe,
    },
  });
  if (format.format === Format.CSV && request.dialect) request.dialect.delimiter = format.delimiter;
  if (format.format === Format.NDJSON && request.dialect) delete request.dialect.headerRows;
  if (format.format !== Format.NDJSON && request.style)
    request.style.nullMarker = format.nullMarker;
  if (form.kind !== "table" || !form.table) {
    request.source = { case: "query", value: query };
    return request;
  }
  const source = create(TableSourceSchema, {
    table: form.table,
    columns: [...(form.columns ?? [])],
    where: wholeConditions(form.where).map((condition) =>
      create(ConditionSchema, {
        column: condition.column,
        operator: condition.operator,
        values: valuesOfCondition(condition),
      }),
    ),
    orderBy: form.orderBy
      .filter(({ column }) => column !== "")
      .map(({ column, isDescending }) =>
        create(OrderBySchema, { column, descending: isDescending }),
      ),
  });
  if (form.limit !== "") source.limit = BigInt(Math.max(0, Math.floor(Number(form.limit))));
  request.source = { case: "table", value: source };
  return request;
}

/** The name that the file is proposed to have. */
export function proposedName(form: ExportForm): string {
  if (form.fileName !== "") return form.fileName;
  const { format, compression } = form.format;
  const stem = form.kind === "table" ? (form.table?.table ?? "export") : form.kind;
  const family = { [Format.TSV]: "tsv", [Format.NDJSON]: "ndjson" } as Partial<
    Record<Format, string>
  >;
  const packed = { [Compression.GZIP]: ".gz", [Compression.ZSTD]: ".zst" } as Partial<
    Record<Compression, string>
  >;
  return `${stem}.${family[format] ?? "csv"}${packed[compression] ?? ""}`;
}
