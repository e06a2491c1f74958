import { type Client, createClient, type Transport } from "@connectrpc/connect";

import { CatalogService } from "./gen/sluice/v1/catalog_service_pb.js";
import { IngestService } from "./gen/sluice/v1/ingest_service_pb.js";

/** The two services of Sluice. */
export interface Clients {
  ingest: Client<typeof IngestService>;
  catalog: Client<typeof CatalogService>;
}

/** Makes the clients of one transport. */
export function createClients(transport: Transport): Clients {
  return {
    ingest: createClient(IngestService, transport),
    catalog: createClient(CatalogService, transport),
  };
}
