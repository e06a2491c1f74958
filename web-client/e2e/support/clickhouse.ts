import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { CatalogService } from "sluice-client/gen/sluice/v1/catalog_service_pb";
import { IngestService } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import type { Server } from "./server";

/** Asks the server itself, beside the page. */
export class Clickhouse {
  readonly catalog;
  readonly ingest;

  constructor(private readonly server: Server) {
    const transport = createGrpcWebTransport({ baseUrl: server.url });
    this.catalog = createClient(CatalogService, transport);
    this.ingest = createClient(IngestService, transport);
  }

  /** Runs a statement, past Sluice; the answer is text. */
  async run(statement: string): Promise<string> {
    const answer = await fetch(this.server.engineUrl, {
      method: "POST",
      body: statement,
      headers: {
        "X-ClickHouse-User": "default",
        "X-ClickHouse-Key": await this.server.enginePassword(),
      },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text;
  }

  /** The rows of a query as text, past Sluice: those of the journal and of ClickHouse itself too. */
  async rows(query: string): Promise<(string | null)[][]> {
    const lines = (await this.run(query)).split("\n").slice(0, -1);
    return lines.map((line) => line.split("\t").map((cell) => (cell === "\\N" ? null : cell)));
  }

  /** The only value of a query. */
  async value(query: string): Promise<string | null> {
    return (await this.rows(query))[0]?.[0] ?? null;
  }

  /** The file of an export of a query. */
  async export(query: string): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const { payload } of this.ingest.export({
      source: { case: "query", value: query },
    })) {
      if (payload.case === "data") parts.push(payload.value);
    }
    return Buffer.concat(parts);
  }

  /** Loads a text into a new table, by the statement. */
  async load(create: string, table: string, text: string): Promise<void> {
    const data = new TextEncoder().encode(text);
    const transferId = crypto.randomUUID();
    await this.ingest.beginUpload({
      spec: {
        transferId,
        table: { database: "default", table },
        createTable: true,
        createStatement: create,
        sniff: false,
      },
    });
    await this.ingest.appendUpload({ transferId, offset: 0n, data });
    await this.ingest.finishUpload({ transferId, totalBytes: BigInt(data.length) });
  }
}
