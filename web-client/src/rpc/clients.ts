import { createContext, useContext } from "react";
import type { Clients } from "sluice-client/parts";

/** Hands the clients to the components. */
export const ClientsContext = createContext<Clients | null>(null);

/** The clients of this page. */
export function useClients(): Clients {
  const clients = useContext(ClientsContext);
  if (!clients) throw new Error("no clients in this tree");
  return clients;
}
