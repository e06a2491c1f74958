import { useState } from "react";
import { type Problem, type Target } from "sluice-client/parts";

import { Button } from "../../components/button";
import { Note } from "../../components/note";
import { ProblemNote } from "../../components/problem-note";
import { Segments } from "../../components/segments";
import { formatDuration } from "../../lib/format";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import { session, targetName } from "../../rpc/session";
import {
  changeSession,
  connect,
  connection,
  type ConnectionState,
  tryTarget,
} from "./connection-state";
import { NamedConnections } from "./named-connections";
import { OtherClickhouse } from "./other-clickhouse";
import { tokenFacts } from "./token-facts";
import { TokenForm } from "./token-form";

interface Refusal {
  problem: Problem;
  name: string;
}

/** Which ClickHouse is worked with, and as whom. */
export function ConnectionPage() {
  const clients = useClients();
  const { server, connections, check } = useStore(connection);
  const { token, target } = useStore(session);
  const [kind, setKind] = useState<Target["kind"]>(target.kind);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const use = async (next: Target) => {
    setRefusal(null);
    const problem = await tryTarget(clients, next);
    if (problem) setRefusal({ problem, name: targetName(next) });
  };
  return (
    <div className="stack loose">
      <div className="page-head">
        <div>
          <h1>Connection</h1>
          <p>Which ClickHouse this page works with.</p>
        </div>
        <Button onClick={() => attend(connect(clients))}>Test again</Button>
      </div>
      {token !== "" && <SignedIn token={token} />}
      <CheckNote check={check} />
      {(server.requiresToken || token !== "" || check.state === "signed-out") && (
        <TokenForm
          hasToken={token !== ""}
          onToken={(next) => attend(changeSession(clients, { token: next }))}
        />
      )}
      <section className="card" aria-label="ClickHouse">
        <header>
          <h2>ClickHouse</h2>
          <Segments
            legend="Kind of connection"
            value={kind}
            options={[
              ["named", "Of this server"],
              ["other", "Another one"],
            ]}
            onChange={setKind}
          />
        </header>
        {kind === "named" && (
          <NamedConnections
            connections={connections}
            target={target}
            onUse={(next) => attend(use(next))}
          />
        )}
        {kind === "other" && (
          <OtherClickhouse
            isAllowed={server.allowsOtherClickhouse}
            target={target}
            onUse={(next) => attend(use(next))}
          />
        )}
      </section>
      {refusal && (
        <ProblemNote problem={refusal.problem}>
          <p className="small">
            {refusal.name} was not taken: this page goes on with {targetName(target)}.
          </p>
        </ProblemNote>
      )}
      {server.version !== "" && <p className="quiet small">Sluice {server.version}</p>}
    </div>
  );
}

/** As whom the page calls; the token says so, and the server has taken it or not. */
function SignedIn({ token }: { token: string }) {
  const [now] = useState(() => Date.now());
  const { subject, text, may, isExpired } = tokenFacts(token, now);
  return (
    <Note
      look={isExpired ? "warn" : "info"}
      title={subject === "" ? "Signed in with a token" : `Signed in as ${subject}`}
    >
      <p>{text}</p>
      {may !== "" && <p>It allows you to {may}.</p>}
    </Note>
  );
}

function CheckNote({ check }: { check: ConnectionState["check"] }) {
  switch (check.state) {
    case "good": {
      const { serverVersion, user, database, timezone, roundTrip, embedded } = check.answer;
      const { grantStatements, warnings } = check.answer;
      const took = roundTrip ? Number(roundTrip.seconds) * 1000 + roundTrip.nanos / 1e6 : 0;
      return (
        <Note look="good" title={`ClickHouse ${serverVersion} answers`}>
          <dl className="facts">
            <Fact name="Where" value={embedded ? "hosted by this Sluice server" : "remote"} />
            <Fact name="User" value={user} />
            <Fact name="Database" value={database} />
            <Fact name="Time zone" value={timezone} />
            <Fact name="Round trip" value={formatDuration(took)} />
            {grantStatements.length > 0 && (
              <Fact name="Not granted on all tables" value={grantStatements.join("; ")} />
            )}
            {warnings.length > 0 && <Fact name="Mind" value={warnings.join("; ")} />}
          </dl>
        </Note>
      );
    }
    case "bad":
      return <ProblemNote problem={check.problem} />;
    case "signed-out":
      return check.problem ? (
        <ProblemNote problem={check.problem} isSignInNear />
      ) : (
        <Note look="warn" title="Sign in to go on">
          This server asks for a token.
        </Note>
      );
    case "secret-needed":
      return (
        <Note look="warn" title="Its password or token is needed again">
          A reload forgets both. Give it below.
        </Note>
      );
    case "unknown":
    case "checking":
      return <Note title="Asking ClickHouse…">It answers within a moment as a rule.</Note>;
  }
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
