/* What both entries of the package export, beside `Sluice` itself. */

export type { Export, ExportSource, Value, Where } from "./exporting.js";
export type { RejectedRow } from "./gen/sluice/v1/profile_pb.js";
export type {
  ColumnOptions,
  Compression,
  DialectOptions,
  Format,
  LoadOptions,
  Mode,
  ReadOptions,
  WriteOptions,
} from "./options.js";
export type { ExportResult, OnProgress, Progress, Transfer, UploadResult } from "./results.js";
export type { ExportOptions, SluiceOptions, Token, UploadInput, UploadOptions } from "./sluice.js";
export {
  CancelledError,
  DataError,
  IncompleteError,
  NotAllowedError,
  PreconditionError,
  type Reason,
  RequestError,
  SluiceError,
  SourceError,
  UnavailableError,
} from "./sluice-error.js";
