import { Button } from "./components/button";
import { toggleTheme, useTheme } from "./components/theme";
import { connection } from "./features/connection/connection-state";
import { tokenFacts } from "./features/connection/token-facts";
import { exportJobs } from "./features/export/export-jobs";
import { isActive } from "./features/upload/upload-job";
import { uploadJobs } from "./features/upload/upload-jobs";
import { href } from "./lib/route";
import { useStore } from "./lib/store";
import { session, targetName } from "./rpc/session";

const places = [
  ["upload", "Load a file"],
  ["export", "Export"],
  ["transfers", "Transfers"],
] as const;

/** The way around, the connection and the theme. */
export function Header({ place }: { place: string }) {
  const theme = useTheme();
  const { check } = useStore(connection);
  const { target, token } = useStore(session);
  const who = token === "" ? "" : tokenFacts(token, 0).subject;
  const uploads = [...useStore(uploadJobs).values()].filter(isActive).length;
  const exports = [...useStore(exportJobs).values()].filter(isRunning).length;
  const busy = uploads + exports;
  const dot = check.state === "good" ? "good" : check.state === "bad" ? "bad" : "";
  const words = {
    good: "connected",
    bad: "not connected",
    "signed-out": "signed out",
    "secret-needed": "signed out",
  } as const;
  const state = check.state in words ? words[check.state as keyof typeof words] : "connecting";
  return (
    <header className="top">
      <div className="top-inner">
        <a className="brand" href={href("upload")}>
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="7" fill="#17181c" />
            <path d="M7 8h3v16H7zM22 8h3v16h-3z" fill="#faff69" />
            <path d="M12 12h8M12 17h8M12 22h8" stroke="#fff" strokeWidth="2.4" />
          </svg>
          Sluice
        </a>
        <nav className="nav" aria-label="Main">
          {places.map(([name, text]) => (
            <a key={name} href={href(name)} aria-current={place === name ? "page" : undefined}>
              {text}
              {name === "transfers" && busy > 0 && (
                <span className="badge info badge-count">
                  {busy}
                  <span className="visually-hidden"> running here</span>
                </span>
              )}
            </a>
          ))}
        </nav>
        <div className="top-end">
          <a className="connection-chip" href={href("connection")}>
            <span className={`dot ${dot}`} aria-hidden="true" />
            <span>
              {who !== "" && <>{who} · </>}
              {targetName(target)}
              <span className="visually-hidden">, {state}</span>
            </span>
          </a>
          <Button
            look="plain"
            className="icon"
            aria-label={theme === "dark" ? "Light colours" : "Dark colours"}
            onClick={toggleTheme}
          >
            {theme === "dark" ? "☀" : "☾"}
          </Button>
        </div>
      </div>
    </header>
  );
}

function isRunning({ state }: { state: { kind: string } }): boolean {
  return state.kind === "running";
}
