import type { ReactNode } from "react";

import { Field } from "./field";

/** One choice: its value and its words. */
export type Option<T extends string> = readonly [value: T, label: string];

interface SelectFieldProps<T extends string> {
  label: string;
  value: T;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
  hint?: ReactNode;
  isTight?: boolean;
}

/** A choice among some, with its label. */
export function SelectField<T extends string>({
  label,
  value,
  options,
  onChange,
  hint,
  isTight = false,
}: SelectFieldProps<T>) {
  return (
    <Field label={label} hint={hint} isTight={isTight}>
      {(ids) => (
        <select
          {...ids}
          className="input"
          value={value}
          onChange={(event) => onChange(event.target.value as T)}
        >
          {options.map(([option, text]) => (
            <option key={option} value={option}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
