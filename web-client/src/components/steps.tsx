import { useEffect, useRef } from "react";

import { moveWithin } from "./move-within";

/** One step of a screen. */
export interface Step<T extends string> {
  value: T;
  title: string;
  /** What was chosen there; empty before. */
  summary: string;
  isDone: boolean;
  isOpen: boolean;
}

interface StepsProps<T extends string> {
  label: string;
  /** What the steps are about, such as the name of the file; for the title of the window. */
  subject: string;
  current: T;
  steps: readonly Step<T>[];
  onChange: (step: T) => void;
}

/** The steps of a screen, each a way back to it; a new step is shown from its top. */
export function Steps<T extends string>({
  label,
  subject,
  current,
  steps,
  onChange,
}: StepsProps<T>) {
  const place = steps.findIndex(({ value }) => value === current);
  const title = steps[place]?.title ?? "";
  useEffect(() => {
    document.title = [title, subject].filter(Boolean).join(" · ") + " – Sluice";
  }, [title, subject]);
  // The page opens with its first step: only a change of it moves the focus.
  const before = useRef(current);
  useEffect(() => {
    if (before.current === current) return;
    before.current = current;
    window.scrollTo(0, 0);
    document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }, [current]);
  // The one filled button of a step is its next: Ctrl+Enter presses it from anywhere.
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      if (document.querySelector("dialog[open]")) return;
      document.querySelector<HTMLElement>("main .step-actions .button.primary")?.click();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  const summary = steps[place - 1]?.summary ?? "";
  return (
    <nav aria-label={label}>
      <p className="visually-hidden" aria-live="polite">
        Step {place + 1} of {steps.length}, {title}
        {summary && `. ${summary}`}
      </p>
      <ol className="steps" onKeyDown={moveWithin}>
        {steps.map((step, index) => (
          <li key={step.value}>
            <button
              type="button"
              className={step.isDone && step.value !== current ? "is-done" : ""}
              aria-current={step.value === current ? "step" : undefined}
              disabled={!step.isOpen}
              tabIndex={step.value === current ? 0 : -1}
              onClick={() => onChange(step.value)}
            >
              <span className="step-number" aria-hidden="true">
                {index + 1}
              </span>
              <span className="step-text">
                <strong>{step.title}</strong>
                {step.summary !== "" && <span>{step.summary}</span>}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
