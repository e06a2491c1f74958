import { type SubmitEvent, useState } from "react";

import { Button } from "../../components/button";
import { TextField } from "../../components/text-field";
import { tokenFacts } from "./token-facts";

interface TokenFormProps {
  hasToken: boolean;
  /** Takes the token; the empty string signs out. */
  onToken: (token: string) => void;
}

/** Sign-in with a token. It stays in memory. */
export function TokenForm({ hasToken, onToken }: TokenFormProps) {
  const [token, setToken] = useState("");
  const [facts, setFacts] = useState<ReturnType<typeof tokenFacts>>();
  const enter = (text: string) => {
    setToken(text);
    setFacts(text === "" ? undefined : tokenFacts(text, Date.now()));
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onToken(token.trim());
    enter("");
  };
  return (
    <section className="card" aria-labelledby="token">
      <header>
        <h2 id="token">Token</h2>
        {hasToken && <span className="badge good">A token is in use</span>}
        <p>The token is sent with every call and kept in memory only: a reload forgets it.</p>
      </header>
      <form className="stack tight" onSubmit={submit}>
        <TextField
          label="Token (JWT)"
          type="password"
          value={token}
          onChange={enter}
          autoComplete="off"
          hint={facts?.text ?? "Paste the token that you were given."}
          error={facts?.isExpired ? facts.text : undefined}
        />
        <div className="row">
          <button type="submit" className="button primary" disabled={token.trim() === ""}>
            Sign in
          </button>
          {hasToken && <Button onClick={() => onToken("")}>Sign out</Button>}
        </div>
      </form>
    </section>
  );
}
