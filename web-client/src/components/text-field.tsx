import type { ReactNode } from "react";

import { Field } from "./field";

interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: ReactNode;
  error?: string | undefined;
  type?: "text" | "password" | "number" | "url" | "search";
  placeholder?: string;
  isTight?: boolean;
  isMono?: boolean;
  min?: number;
  max?: number;
  step?: number | "any";
  autoComplete?: string;
  disabled?: boolean;
}

/** One line of text with its label. */
export function TextField({
  label,
  value,
  onChange,
  hint,
  error,
  isTight = false,
  isMono = false,
  type = "text",
  ...rest
}: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} isTight={isTight}>
      {(ids) => (
        <input
          {...ids}
          {...rest}
          type={type}
          className={isMono ? "input mono" : "input"}
          value={value}
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
