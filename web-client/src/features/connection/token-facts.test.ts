import { expect, test } from "vitest";

import { tokenFacts } from "./token-facts";

const token = (claims: object) => `x.${btoa(JSON.stringify(claims)).replaceAll("=", "")}.y`;

test("a token says for whom and until when", () => {
  const facts = tokenFacts(token({ sub: "ada", exp: 2_000 }), 1_000_000);
  expect(facts.isExpired).toBe(false);
  expect(facts.text).toContain("For ada, valid until");
  expect(tokenFacts(token({ sub: "ada", exp: 999 }), 1_000_000).isExpired).toBe(true);
});

test("what is no token is said to be none", () => {
  expect(tokenFacts("abc", 0).text).toBe("This is not a JWT.");
  expect(tokenFacts("a.b!.c", 0).text).toBe("This is not a JWT.");
});

test("a token says what it allows, in words, where it says so in the usual way", () => {
  const claims = { sub: "Žofie", scope: "ingest:upload catalog:read other", tables: ["sales.*"] };
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  const facts = tokenFacts(`x.${btoa(String.fromCharCode(...bytes))}.y`, 0);
  expect(facts).toMatchObject({ subject: "Žofie", may: "load files, see tables; only sales.*" });
  expect(tokenFacts(token({ sub: "ada", roles: ["a"] }), 0).may).toBe("");
});
