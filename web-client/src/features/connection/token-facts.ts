/** What a token says of itself; only the server can tell whether that is true. */
export function tokenFacts(token: string, now: number): { text: string; isExpired: boolean } {
  const payload = token.trim().split(".")[1];
  if (payload === undefined) return { text: "This is not a JWT.", isExpired: false };
  let claims: { sub?: unknown; exp?: unknown };
  try {
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    claims = JSON.parse(atob(base64)) as typeof claims;
  } catch {
    return { text: "This is not a JWT.", isExpired: false };
  }
  const subject = typeof claims.sub === "string" ? `For ${claims.sub}` : "For nobody in particular";
  if (typeof claims.exp !== "number")
    return { text: `${subject}, without an end.`, isExpired: false };
  const end = new Date(claims.exp * 1000);
  const isExpired = end.getTime() <= now;
  const text = `${subject}, ${isExpired ? "expired" : "valid until"} ${end.toLocaleString()}.`;
  return { text, isExpired };
}
