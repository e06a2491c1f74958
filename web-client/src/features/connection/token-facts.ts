/** What a token says of itself; only the server can tell whether that is true. */
export interface TokenFacts {
  text: string;
  isExpired: boolean;
  /** Whose it is; empty where it does not say. */
  subject: string;
  /** What it allows, in words; empty where it does not say so in the usual way. */
  may: string;
}

const scopes: Record<string, string> = {
  "ingest:upload": "load files",
  "ingest:export": "export",
  "catalog:read": "see tables",
  "transfers:manage": "manage the transfers of others",
};

const none: TokenFacts = { text: "This is not a JWT.", isExpired: false, subject: "", may: "" };

interface Claims {
  sub?: unknown;
  exp?: unknown;
  scope?: unknown;
  tables?: unknown;
}

/** Reads a token. */
export function tokenFacts(token: string, now: number): TokenFacts {
  const payload = token.trim().split(".")[1];
  if (payload === undefined) return none;
  let claims: Claims;
  try {
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    claims = JSON.parse(new TextDecoder().decode(bytes)) as Claims;
  } catch {
    return none;
  }
  const subject = typeof claims.sub === "string" ? claims.sub : "";
  const whose = subject === "" ? "For nobody in particular" : `For ${subject}`;
  const may = mayOf(claims);
  if (typeof claims.exp !== "number") {
    return { text: `${whose}, without an end.`, isExpired: false, subject, may };
  }
  const end = new Date(claims.exp * 1000);
  const isExpired = end.getTime() <= now;
  const text = `${whose}, ${isExpired ? "expired" : "valid until"} ${end.toLocaleString()}.`;
  return { text, isExpired, subject, may };
}

function mayOf({ scope, tables }: Claims): string {
  if (typeof scope !== "string") return "";
  const known = scope.split(/\s+/).flatMap((name) => scopes[name] ?? []);
  const patterns = Array.isArray(tables) ? tables.filter((one) => typeof one === "string") : [];
  const limit = patterns.length === 0 ? "" : `; only ${patterns.join(", ")}`;
  return known.length === 0 ? "" : known.join(", ") + limit;
}
