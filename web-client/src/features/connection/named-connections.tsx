import { type Target } from "sluice-client/parts";

import { Button } from "../../components/button";
import type { ConnectionState } from "./connection-state";

interface NamedConnectionsProps {
  connections: ConnectionState["connections"];
  target: Target;
  onUse: (target: Target) => void;
}

/** The connections of the server's configuration. */
export function NamedConnections({ connections, target, onUse }: NamedConnectionsProps) {
  return (
    <ul className="list">
      {connections.map(({ name, url, database }) => {
        const isCurrent = target.kind === "named" && target.name === name;
        return (
          <li key={name} className="row between">
            <div className="grow">
              <strong>{name}</strong>{" "}
              <span className="quiet small">
                {url === "" ? "hosted by this Sluice server" : url}
                {database !== "" && `, database ${database}`}
              </span>
            </div>
            {isCurrent ? (
              <span className="badge good">In use</span>
            ) : (
              <Button isSmall onClick={() => onUse({ kind: "named", name })}>
                Use
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
