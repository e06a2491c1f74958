import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

import { dataInterceptor, fetchWithData } from "./blob-body.js";

/** The connection of a browser: gRPC-Web. What `interceptors` add goes with every call. */
export function createWebTransport(baseUrl: string, interceptors: Interceptor[] = []): Transport {
  return createGrpcWebTransport({
    baseUrl: baseUrl.replace(/\/$/, ""),
    interceptors: [...interceptors, dataInterceptor],
    fetch: fetchWithData,
  });
}
