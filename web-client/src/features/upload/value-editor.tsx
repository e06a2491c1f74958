import { Checkbox } from "../../components/checkbox";
import { SelectField } from "../../components/select-field";
import { TextField } from "../../components/text-field";
import type { ValueChoice } from "./upload-form";

interface ValueEditorProps {
  choice: ValueChoice;
  onChange: (choice: ValueChoice) => void;
}

/** How texts become values. */
export function ValueEditor({ choice, onChange }: ValueEditorProps) {
  const set = (change: Partial<ValueChoice>) => onChange({ ...choice, ...change });
  return (
    <div className="stack tight">
      <TextField
        label="Words for NULL"
        value={choice.nullMarkers}
        onChange={(nullMarkers) => set({ nullMarkers })}
        placeholder="NA, n/a, -"
        hint="Besides the empty field; separated by commas."
      />
      <div className="columns">
        <TextField
          label="Words for true"
          value={choice.trueWords}
          onChange={(trueWords) => set({ trueWords })}
          placeholder="ja, x"
          hint="Besides true, yes, 1."
        />
        <TextField
          label="Words for false"
          value={choice.falseWords}
          onChange={(falseWords) => set({ falseWords })}
          placeholder="nein"
          hint="Besides false, no, 0."
        />
      </div>
      <SelectField
        label="Decimal point"
        value={choice.decimalComma === null ? "found" : choice.decimalComma ? "comma" : "point"}
        options={[
          ["found", "As found"],
          ["point", "Point  1.5"],
          ["comma", "Comma  1,5"],
        ]}
        onChange={(next) => set({ decimalComma: next === "found" ? null : next === "comma" })}
        isTight
      />
      <Checkbox isChecked={choice.trim} onChange={(trim) => set({ trim })}>
        Leave out spaces around values
      </Checkbox>
      <Checkbox isChecked={choice.round} onChange={(round) => set({ round })}>
        Round fractions that are too long
      </Checkbox>
      <Checkbox
        isChecked={choice.emptyAsDefault}
        onChange={(emptyAsDefault) => set({ emptyAsDefault })}
      >
        Empty becomes 0 or '' where NULL cannot be
      </Checkbox>
      <Checkbox isChecked={choice.padRagged} onChange={(padRagged) => set({ padRagged })}>
        Let rows pass that are too short
      </Checkbox>
      <Checkbox
        isChecked={choice.lenientQuotes}
        onChange={(lenientQuotes) => set({ lenientQuotes })}
      >
        Let quotes stand within quoted values
      </Checkbox>
    </div>
  );
}
