import { type ReactNode, useId } from "react";

interface FieldProps {
  label: string;
  /** A line below; kept free when empty so that nothing jumps, unless `isTight`. */
  hint?: ReactNode;
  error?: string | undefined;
  isTight?: boolean;
  children: (ids: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}

/** A control with its label, and a hint or an error below. */
export function Field({ label, hint, error, isTight = false, children }: FieldProps) {
  const id = useId();
  const text = error ?? hint;
  const hasLine = text !== undefined || !isTight;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        ...(text === undefined ? {} : { "aria-describedby": `${id}-hint` }),
        ...(error === undefined ? {} : { "aria-invalid": true }),
      })}
      {hasLine && (
        <div id={`${id}-hint`} className={error === undefined ? "hint" : "hint bad"}>
          {text}
        </div>
      )}
    </div>
  );
}
