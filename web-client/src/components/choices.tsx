import { type ReactNode, useId } from "react";

/** One choice with its explanation. */
export interface Choice<T extends string> {
  value: T;
  title: string;
  text: ReactNode;
}

interface ChoicesProps<T extends string> {
  legend: string;
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
}

/** A choice among a few, each explained. */
export function Choices<T extends string>({ legend, value, choices, onChange }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset className="stack tight">
      <legend className="label">{legend}</legend>
      <div className="choices">
        {choices.map((choice) => (
          <label key={choice.value} className="choice">
            <input
              type="radio"
              name={name}
              checked={choice.value === value}
              onChange={() => onChange(choice.value)}
            />
            <span>
              <strong>{choice.title}</strong>
              {choice.text}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
