import { afterAll, beforeAll, expect, test } from "vitest";

import { Sluice } from "../src/node.js";
import { Server } from "./server.js";

/* In a file of its own, which is a process of its own: what others have grown would hide what this one grows. */

const MB = 1 << 20;

let server: Server;

beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.remove());

test("memory stays bounded while 200 MB go through", async () => {
  const line = Buffer.from("1234567,some text that fills the row\n");
  const block = Buffer.concat(Array.from({ length: Math.ceil(MB / line.length) }, () => line));
  async function* stream() {
    yield Buffer.from("n,text\n");
    for (let sent = 0; sent < 200 * MB; sent += block.length) {
      await new Promise((done) => setImmediate(done));
      yield Buffer.from(block);
    }
  }
  const client = new Sluice({ url: server.url });
  const before = process.memoryUsage.rss();
  let highest = before;
  const timer = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 20);
  const options = { create: true, bufferBytes: 8 * MB };
  const result = await client.upload(stream(), "default.large", options);
  clearInterval(timer);
  client.close();
  expect(result.bytes).toBeGreaterThan(200 * MB);
  expect(highest - before).toBeLessThan(100 * MB);
});
