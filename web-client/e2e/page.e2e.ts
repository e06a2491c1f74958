import { gzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { chooseFiles, lookAt, textFile } from "./support/browser";
import { next, setUp } from "./support/visitor";

const { server, visit } = setUp();

/** Asks for a file of the page as it is, without a browser's cache. */
const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${server().url}/${path}`, { headers });

/** The paths of all that the page refers to. */
async function assets(): Promise<string[]> {
  const page = await (await ask("")).text();
  return [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => path ?? "");
}

test("the server has the page in itself and says what each file is", async () => {
  const page = await ask("");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const types = await Promise.all(
    (await assets()).map(async (path) => {
      const answer = await ask(path);
      expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      return answer.headers.get("content-type");
    }),
  );
  expect(types.toSorted()).toEqual([
    "image/svg+xml",
    "text/css; charset=utf-8",
    "text/javascript; charset=utf-8",
  ]);
  const worker = await ask("download-worker.js");
  expect(worker.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(worker.headers.get("cache-control")).toBe("no-cache");
});

test("a file that the browser has is not sent again, and packed where that is taken", async () => {
  const [path = ""] = (await assets()).filter((name) => name.endsWith(".js"));
  const plain = await ask(path, { "accept-encoding": "identity" });
  const packed = await ask(path, { "accept-encoding": "br, gzip;q=0.5" });
  expect(plain.headers.get("content-encoding")).toBeNull();
  expect(packed.headers.get("content-encoding")).toBe("gzip");
  expect(packed.headers.get("vary")).toContain("accept-encoding");
  expect((await packed.text()) === (await plain.text())).toBe(true);
  const tag = packed.headers.get("etag") ?? "";
  expect(tag).not.toBe(plain.headers.get("etag"));
  const again = await ask(path, { "accept-encoding": "gzip", "if-none-match": tag });
  expect(again.status).toBe(304);
  const refused = await ask(path, { "accept-encoding": "gzip;q=0" });
  expect(refused.headers.get("content-encoding")).toBeNull();
});

test("nothing but the files of the page is served", async () => {
  for (const path of ["nothing", "assets/", "assets/../../../Cargo.toml", "%2e%2e/Cargo.toml"]) {
    expect((await ask(path)).status, path).toBe(404);
  }
  const posted = await fetch(`${server().url}/`, { method: "POST", body: "x" });
  expect(posted.status).toBe(405);
});

test("the first load stays below 170 kB of packed script, and asks nobody else", async () => {
  const origins = new Set<string>();
  let scriptBytes = 0;
  const bodies: Promise<void>[] = [];
  const { page, complaints } = await visit("", async (opened) => {
    opened.on("request", (request) => origins.add(new URL(request.url()).origin));
    opened.on("response", (response) => {
      if (response.request().resourceType() !== "script") return;
      bodies.push(response.body().then((body) => void (scriptBytes += gzipSync(body).length)));
    });
    await Promise.resolve();
  });
  await page.getByText("Drop a CSV").waitFor();
  await Promise.all(bodies);
  expect(scriptBytes).toBeGreaterThan(50_000);
  expect(scriptBytes).toBeLessThan(170_000);
  expect([...origins]).toEqual([server().url]);
  expect(complaints).toEqual([]);
});

test("the page runs under a policy without inline scripts, inline styles or other hosts", async () => {
  // What it needs of the server's policy: its own scripts, styles, images, calls, and the frame and the
  // worker of a download.
  const { page, complaints } = await visit("#/transfers");
  const policy = await page
    .locator('meta[http-equiv="Content-Security-Policy"]')
    .getAttribute("content");
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  await page.getByRole("heading", { name: "Transfers" }).waitFor();
  expect(complaints).toEqual([]);
});

test("what a button's handler throws is shown until it is dismissed", async () => {
  const { page } = await visit("", async (opened) => {
    await opened.addInitScript(() => {
      const real = crypto.getRandomValues.bind(crypto);
      crypto.getRandomValues = () => {
        crypto.getRandomValues = real;
        throw new Error("no random numbers here");
      };
    });
  });
  await chooseFiles(page, textFile("unlucky.csv", "a\n1\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByRole("alert").getByText("no random numbers here").waitFor();
  expect(await lookAt(page, "failure")).toEqual([]);
  await page.getByRole("button", { name: "Dismiss" }).click();
  await page.getByRole("alert").waitFor({ state: "detached" });
});

test("a screen that cannot be drawn says so, and the way to the others stays", async () => {
  const { page } = await visit();
  await page.getByText("Drop a CSV").waitFor();
  await page.evaluate(() => {
    Date.prototype.toDateString = () => {
      throw new Error("no dates here");
    };
  });
  await chooseFiles(page, textFile("dated.csv", "a\n1\n"));
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByRole("alert").getByText("no dates here").waitFor();
  await page.getByRole("link", { name: "Export" }).click();
  await page.getByRole("heading", { name: "ClickHouse to file" }).waitFor();
});

test("a browser that keeps nothing for the page, and an address by hand, do not stop it", async () => {
  const { page, complaints } = await visit("#/upload/50%/x", async (opened) => {
    await opened.addInitScript(() => {
      Object.defineProperty(window, "localStorage", {
        get: () => {
          throw new DOMException("denied", "SecurityError");
        },
      });
    });
  });
  await page.getByText("Drop a CSV").waitFor();
  await page.getByRole("button", { name: "Dark colours" }).click();
  await page.getByRole("button", { name: "Light colours" }).waitFor();
  expect(complaints).toEqual([]);
});
