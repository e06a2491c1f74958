import { CommitMode, TransferState } from "sluice-client/gen/sluice/v1/ingest_service_pb";

/** A state in words, and how it looks. */
export const stateWords: Record<TransferState, [text: string, look: string]> = {
  [TransferState.UNSPECIFIED]: ["unknown", ""],
  [TransferState.RUNNING]: ["running", "info"],
  [TransferState.SUCCEEDED]: ["done", "good"],
  [TransferState.FAILED]: ["failed", "bad"],
  [TransferState.CANCELLED]: ["stopped", "warn"],
  [TransferState.INTERRUPTED]: ["waits for its sender", "warn"],
  [TransferState.COMMITTING]: ["becoming visible", "info"],
};

/** A commit mode in words. */
export const modeWords: Record<CommitMode, string> = {
  [CommitMode.UNSPECIFIED]: "",
  [CommitMode.ATOMIC]: "All at once or none (ATOMIC)",
  [CommitMode.BLOCKS]: "Block by block (BLOCKS)",
  [CommitMode.REPLACE]: "In place of the old rows (REPLACE)",
  [CommitMode.DIRECT]: "Directly (DIRECT)",
};
