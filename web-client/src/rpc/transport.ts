import type { Interceptor, Transport } from "@connectrpc/connect";
import { createWebTransport, targetHeaders } from "sluice-client/parts";

import { session } from "./session";
import { boundHeader } from "./transfer-call";

/** Adds the token and the name of the ClickHouse to every call. */
export const sessionInterceptor: Interceptor = (next) => (request) => {
  const { token, target } = session.get();
  if (token !== "") request.header.set("authorization", `Bearer ${token}`);
  if (request.header.has(boundHeader)) request.header.delete(boundHeader);
  else for (const [name, value] of targetHeaders(target)) request.header.set(name, value);
  return next(request);
};

/** The connection to the server that this page came from. */
export function createTransport(): Transport {
  return createWebTransport(new URL(".", document.baseURI).href, [sessionInterceptor]);
}
