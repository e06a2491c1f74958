/*
 * The parts that `Sluice` is made of, for programs that show an upload as it goes, such as the page of Sluice.
 */

export { withData } from "./blob-body.js";
export { type Clients, createClients } from "./clients.js";
export { crc32c, crc32cAppend, crc32cCombine } from "./crc32c.js";
export { enumValue } from "./enums.js";
export {
  describeError,
  describeTransferError,
  isCancelled,
  isSignInNeeded,
  isUnimplemented,
  type Problem,
} from "./errors.js";
export { type ExportEvent, exportFile, type Sink } from "./export-file.js";
export { defaultTarget, type Target, targetHeaders } from "./target.js";
export { abortError, Gate, sleep } from "./time.js";
export { ofTransfer } from "./transfer-call.js";
export { chunkBytes, type Prefix, type UploadEvent, uploadFile } from "./upload-file.js";
export { randomUuid } from "./uuid.js";
export { createWebTransport } from "./web-transport.js";
