import { createStore, useStore } from "../lib/store";

/** Light or dark. */
export type Theme = "light" | "dark";

const key = "sluice-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme | null {
  try {
    const text = localStorage.getItem(key);
    return text === "light" || text === "dark" ? text : null;
  } catch {
    // A browser that keeps nothing for this page: the theme is the system's.
    return null;
  }
}

function keep(next: Theme): void {
  try {
    localStorage.setItem(key, next);
  } catch {
    // As above: it lasts until the page is left.
  }
}

const theme = createStore<Theme>(chosen() ?? (system.matches ? "dark" : "light"));

function apply(): void {
  document.documentElement.dataset["theme"] = theme.get();
}

system.addEventListener("change", () => {
  if (chosen() === null) theme.set(system.matches ? "dark" : "light");
});
theme.subscribe(apply);
apply();

/** The theme as it is now. */
export function useTheme(): Theme {
  return useStore(theme);
}

/** Changes between light and dark, and remembers it. */
export function toggleTheme(): void {
  const next = theme.get() === "dark" ? "light" : "dark";
  keep(next);
  theme.set(next);
}
