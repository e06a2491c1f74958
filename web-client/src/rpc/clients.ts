import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createContext, useContext } from "react";

import { CatalogService } from "../gen/sluice/v1/catalog_service_pb";
import { IngestService } from "../gen/sluice/v1/ingest_service_pb";

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

/** Hands the clients to the components. */
export const ClientsContext = createContext<Clients | null>(null);

/** The clients of this page. */
export function useClients(): Clients {
  const clients = useContext(ClientsContext);
  if (!clients) throw new Error("no clients in this tree");
  return clients;
}
