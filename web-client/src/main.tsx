import "./styles/index.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createClients } from "sluice-client/parts";

import { App } from "./app";
import { restoreConnection } from "./features/connection/connection-address";
import { restoreExport } from "./features/export/export-address";
import { guardForm } from "./features/upload/start-over";
import { restoreForm } from "./features/upload/upload-address";
import { reportUncaught } from "./rpc/failures";
import { createTransport } from "./rpc/transport";

reportUncaught(window);
restoreConnection(location.hash);
restoreForm(location.hash);
restoreExport();
guardForm();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App clients={createClients(createTransport())} />
    </StrictMode>,
  );
}
