import { ask } from "../../components/question";
import { replaceForm } from "./upload-address";
import { initialForm, isUnsaved, uploadForm } from "./upload-form";

/** Whether what was chosen may be forgotten; asked only where that would lose work. */
export function mayForget(what: string): Promise<boolean> {
  if (!isUnsaved(uploadForm.get())) return Promise.resolve(true);
  return ask({
    title: `${what}?`,
    load: () =>
      Promise.resolve({
        text: "What you chose for the file is forgotten. Nothing of it was loaded yet.",
        action: what,
      }),
  });
}

/** Begins anew with the first step. */
export async function startOver(): Promise<void> {
  if (await mayForget("Start over")) replaceForm(initialForm);
}

/** Asks before the page is left with choices that no upload has taken. */
export function guardForm(): () => void {
  const guard = (event: BeforeUnloadEvent) => {
    if (isUnsaved(uploadForm.get())) event.preventDefault();
  };
  addEventListener("beforeunload", guard);
  return () => removeEventListener("beforeunload", guard);
}
