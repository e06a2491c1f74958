import { createStore, useStore } from "../lib/store";

/** Light or dark. */
export type Theme = "light" | "dark";

const key = "sluice-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme | null {
  const text = localStorage.getItem(key);
  return text === "light" || text === "dark" ? text : null;
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
  localStorage.setItem(key, next);
  theme.set(next);
}
