import "./styles/index.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app";
import { createClients } from "./rpc/clients";
import { reportUncaught } from "./rpc/failures";
import { createTransport } from "./rpc/transport";

reportUncaught(window);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App clients={createClients(createTransport())} />
    </StrictMode>,
  );
}
