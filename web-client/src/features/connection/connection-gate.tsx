import type { ReactNode } from "react";

import { Button } from "../../components/button";
import { Note } from "../../components/note";
import { ProblemNote } from "../../components/problem-note";
import { href } from "../../lib/route";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import { session, targetName } from "../../rpc/session";
import { changeSession, connect, connection } from "./connection-state";
import { OtherClickhouse } from "./other-clickhouse";
import { TokenForm } from "./token-form";

/** Shows a page, or first what keeps it from working: a sign-in, or a ClickHouse that is away. */
export function ConnectionGate({ children }: { children: ReactNode }) {
  const clients = useClients();
  const { check } = useStore(connection);
  const { target } = useStore(session);
  if (check.state === "signed-out") {
    return (
      <div className="stack">
        <h1>Sign in</h1>
        {check.problem && <ProblemNote problem={check.problem} isSignInNear />}
        <TokenForm
          hasToken={false}
          onToken={(token) => attend(changeSession(clients, { token }))}
        />
      </div>
    );
  }
  if (check.state === "secret-needed") {
    return (
      <div className="stack">
        <h1>Sign in to {targetName(target)} again</h1>
        <Note>A reload forgets passwords and tokens. All else is as you left it.</Note>
        <section className="card" aria-label="ClickHouse">
          <OtherClickhouse
            isAllowed
            target={target}
            onUse={(next) => attend(changeSession(clients, { target: next }))}
          />
        </section>
      </div>
    );
  }
  return (
    <>
      {check.state === "bad" && (
        <div className="gate">
          <ProblemNote problem={check.problem}>
            <div className="row">
              <Button isSmall onClick={() => attend(connect(clients))}>
                Try again
              </Button>
              <a className="button small" href={href("connection")}>
                Connection
              </a>
            </div>
          </ProblemNote>
        </div>
      )}
      {children}
    </>
  );
}
