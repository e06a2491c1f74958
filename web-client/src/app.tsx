import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { type Clients } from "sluice-client/parts";

import { Empty } from "./components/empty";
import { FailureNotes } from "./components/failure-notes";
import { FaultBoundary } from "./components/fault-boundary";
import { QuestionDialog } from "./components/question-dialog";
import { TablePage } from "./features/catalog/table-page";
import { tieConnection } from "./features/connection/connection-address";
import { ConnectionGate } from "./features/connection/connection-gate";
import { ConnectionPage } from "./features/connection/connection-page";
import { connect } from "./features/connection/connection-state";
import { TransferPage } from "./features/transfers/transfer-page";
import { TransfersPage } from "./features/transfers/transfers-page";
import { DropAnywhere } from "./features/upload/drop-anywhere";
import { UploadPage } from "./features/upload/upload-page";
import { Header } from "./header";
import { type Route, useRoute } from "./lib/route";
import { ClientsContext } from "./rpc/clients";
import { attend } from "./rpc/failures";

/** The whole page: its header, and what the address names. */
export function App({ clients }: { clients: Clients }) {
  const route = useRoute();
  const place = route[0] ?? "upload";
  useEffect(() => {
    attend(connect(clients));
    return tieConnection(clients);
  }, [clients]);
  const title = titles[place];
  useEffect(() => {
    if (title !== undefined) document.title = `${title} – Sluice`;
  }, [title]);
  return (
    <ClientsContext value={clients}>
      <a className="skip" href="#main" onClick={focusMain}>
        Skip to the content
      </a>
      <Header place={place} />
      <main id="main" className="page" tabIndex={-1}>
        <FaultBoundary key={place}>
          {place === "connection" ? (
            <ConnectionPage />
          ) : (
            <ConnectionGate>
              <Suspense fallback={<Empty title="One moment…" />}>{page(route)}</Suspense>
            </ConnectionGate>
          )}
        </FaultBoundary>
      </main>
      <DropAnywhere />
      <QuestionDialog />
      <FailureNotes />
    </ClientsContext>
  );
}

/** What the first screen does not need comes when it is asked for. */
const ExportPage = lazy(() => import("./features/export/export-page"));

/** Pages with steps say in the title which one is open. */
const titles: Record<string, string> = {
  transfers: "Transfers",
  tables: "Table",
  connection: "Connection",
};

function page([place = "upload", first, second]: Route): ReactNode {
  const table = second === undefined ? undefined : { database: first ?? "", table: second };
  switch (place) {
    case "upload":
      return <UploadPage />;
    case "export":
      return <ExportPage />;
    case "transfers":
      return first === undefined ? <TransfersPage /> : <TransferPage key={first} id={first} />;
    case "tables":
      return table && <TablePage table={table} />;
    default:
      return <Empty title="There is no such page" />;
  }
}

/** The address stays what it is: it names the page, not a place on it. */
function focusMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
