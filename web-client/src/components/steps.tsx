import { useEffect } from "react";

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
  current: T;
  steps: readonly Step<T>[];
  onChange: (step: T) => void;
}

/** The steps of a screen, each a way back to it; a new step is shown from its top. */
export function Steps<T extends string>({ label, current, steps, onChange }: StepsProps<T>) {
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [current]);
  return (
    <nav aria-label={label}>
      <ol className="steps">
        {steps.map((step, index) => (
          <li key={step.value}>
            <button
              type="button"
              className={step.isDone && step.value !== current ? "is-done" : ""}
              aria-current={step.value === current ? "step" : undefined}
              disabled={!step.isOpen}
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
