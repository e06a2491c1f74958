import { type SubmitEvent, useState } from "react";
import { type Target } from "sluice-client/parts";

import { Button } from "../../components/button";
import { Note } from "../../components/note";
import { Segments } from "../../components/segments";
import { SelectField } from "../../components/select-field";
import { TextField } from "../../components/text-field";

interface OtherClickhouseProps {
  isAllowed: boolean;
  target: Target;
  onUse: (target: Target) => void;
}

/** A ClickHouse that the server's configuration does not name. */
export function OtherClickhouse({ isAllowed, target, onUse }: OtherClickhouseProps) {
  const before = target.kind === "other" ? target : undefined;
  const address = before ? new URL(before.url) : undefined;
  const [scheme, setScheme] = useState(address?.protocol === "https:" ? "https" : "http");
  const [host, setHost] = useState(address?.hostname ?? "");
  const [port, setPort] = useState(address?.port ?? "8123");
  const [database, setDatabase] = useState(before?.database ?? "");
  const [login, setLogin] = useState<"password" | "token">(before?.token ? "token" : "password");
  const [user, setUser] = useState(before?.user ?? "default");
  const [secret, setSecret] = useState("");
  if (!isAllowed) {
    return (
      <Note title="Only the connections of this server can be used">
        Its configuration does not let callers name a ClickHouse of their own.
      </Note>
    );
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onUse({
      kind: "other",
      url: `${scheme}://${host}${port === "" ? "" : `:${port}`}`,
      database,
      user: login === "password" ? user : "",
      password: login === "password" ? secret : "",
      token: login === "token" ? secret : "",
    });
  };
  const isValid = host !== "" && URL.canParse(`${scheme}://${host}:${port}`);
  return (
    <form className="stack" onSubmit={submit}>
      <div className="columns">
        <SelectField
          label="Protocol"
          value={scheme}
          options={[
            ["http", "http"],
            ["https", "https"],
          ]}
          onChange={setScheme}
          hint="Of ClickHouse's HTTP interface."
        />
        <TextField label="Host" value={host} onChange={setHost} placeholder="clickhouse.example" />
        <TextField label="Port" type="number" min={1} max={65535} value={port} onChange={setPort} />
        <TextField label="Database" value={database} onChange={setDatabase} placeholder="default" />
      </div>
      <Segments
        legend="Kind of sign-in"
        value={login}
        options={[
          ["password", "User and password"],
          ["token", "JWT"],
        ]}
        onChange={setLogin}
      />
      <div className="columns">
        {login === "password" && (
          <TextField label="User" value={user} onChange={setUser} autoComplete="username" />
        )}
        <TextField
          label={login === "password" ? "Password" : "Token of ClickHouse"}
          type="password"
          value={secret}
          onChange={setSecret}
          autoComplete="off"
          hint="Kept in memory only: a reload forgets it."
        />
      </div>
      <div className="row">
        <button type="submit" className="button primary" disabled={!isValid}>
          Test and use
        </button>
        {before && (
          <Button onClick={() => onUse({ kind: "named", name: "default" })}>
            Back to the server's own
          </Button>
        )}
      </div>
    </form>
  );
}
