import type { ReactNode } from "react";
import { isSignInNeeded, type Problem } from "sluice-client/parts";

import { href } from "../lib/route";
import { adviceFor, titleFor } from "../rpc/reasons";
import { Note } from "./note";

/** Variables that the message says in words already. */
const spoken = new Set(["transferId", "reason", "seconds"]);
const labels: Record<string, string> = {
  line: "Line",
  record: "Row",
  byteOffset: "Byte offset",
  field: "Field",
  column: "Column",
  type: "Type",
  value: "Value",
  table: "Table",
  rejected: "Rows rejected",
  neededType: "Type that would hold it",
  clickhouseCode: "ClickHouse code",
  clickhouseName: "ClickHouse name",
};

interface ProblemNoteProps {
  problem: Problem;
  /** Whether the way to sign in is beside it. */
  isSignInNear?: boolean;
  children?: ReactNode;
}

/** An error with where it happened and what to do. */
export function ProblemNote({ problem, isSignInNear = false, children }: ProblemNoteProps) {
  const facts = Object.entries(problem.metadata).filter(([name]) => !spoken.has(name));
  const advice = adviceFor(problem);
  return (
    <Note look="bad" title={titleFor(problem)}>
      <p>
        {problem.detail}
        {advice && <>. {advice}</>}
      </p>
      {problem.fields.map((field) => (
        <p key={field.field} className="small">
          <code>{field.field}</code>: {field.description}
        </p>
      ))}
      {facts.length > 0 && (
        <dl className="facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{labels[name] ?? name}</dt>
              <dd className="mono">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {problem.reason && <p className="small quiet mono">{problem.reason}</p>}
      {isSignInNeeded(problem) && !isSignInNear && (
        <div>
          <a className="button small" href={href("connection")}>
            Sign in
          </a>
        </div>
      )}
      {children}
    </Note>
  );
}
