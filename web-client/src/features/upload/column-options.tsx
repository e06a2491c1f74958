import { useEffect, useId, useRef } from "react";

import { Button } from "../../components/button";
import { Checkbox } from "../../components/checkbox";
import { type Option, SelectField } from "../../components/select-field";
import { TextField } from "../../components/text-field";
import { withOption } from "./dialect-options";
import { changeForm, type ColumnChoice, type UploadForm } from "./upload-form";

const dateFormats: readonly Option<string>[] = [
  ["", "As found"],
  ["%Y-%m-%d", "year-month-day, 2025-12-31"],
  ["%d.%m.%Y", "day.month.year, 31.12.2025"],
  ["%d/%m/%Y", "day/month/year, 31/12/2025"],
  ["%m/%d/%Y", "month/day/year, 12/31/2025"],
  ["%d-%m-%Y", "day-month-year, 31-12-2025"],
  ["%Y%m%d", "year month day, 20251231"],
  ["%d.%m.%Y %H:%M", "day.month.year and time, 31.12.2025 23:59"],
  ["%d.%m.%Y %H:%M:%S", "day.month.year and time, 31.12.2025 23:59:59"],
  ["%d/%m/%Y %H:%M", "day/month/year and time, 31/12/2025 23:59"],
  ["%m/%d/%Y %H:%M", "month/day/year and time, 12/31/2025 23:59"],
  ["epoch_s", "seconds since 1970"],
  ["epoch_ms", "thousandths of a second since 1970"],
];

const separators: readonly Option<string>[] = [
  ["found", "As found"],
  [",", "Comma  1,234"],
  [".", "Point  1.234"],
  ["'", "Apostrophe  1'234"],
  [" ", "Space  1 234"],
  ["_", "Underscore  1_234"],
];

interface ColumnOptionsProps {
  form: UploadForm;
  /** What the choices are kept by. */
  column: string;
  /** The name of the column as it is shown. */
  name: string;
  onClose: () => void;
}

/** How the values of one column are read, where they differ from those of the others. */
export function ColumnOptions({ form, column, name, onClose }: ColumnOptionsProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const choice = form.columnValues[column] ?? {};
  const change = (next: ColumnChoice) => {
    const others = Object.entries(form.columnValues).filter(([key]) => key !== column);
    const kept = Object.entries(next).filter(
      ([key, value]) => value !== "" && !(key === "stripUnits" && value === false),
    );
    const all =
      kept.length === 0 ? others : [...others, [column, Object.fromEntries(kept)] as const];
    changeForm({ columnValues: Object.fromEntries(all) });
  };
  const { decimalComma: decimal, thousands, ...rest } = choice;
  return (
    <dialog ref={dialog} className="question" aria-labelledby={title} onClose={onClose}>
      <div className="stack">
        <h2 id={title}>Values of {name}</h2>
        <SelectField
          label="Dates are written"
          value={choice.dateFormat ?? ""}
          options={withOption(dateFormats, choice.dateFormat ?? "")}
          onChange={(dateFormat) => change({ ...choice, dateFormat })}
        />
        <TextField
          label="In another form"
          value={
            dateFormats.some(([form]) => form === choice.dateFormat)
              ? ""
              : (choice.dateFormat ?? "")
          }
          onChange={(dateFormat) => change({ ...choice, dateFormat })}
          placeholder="%d %b %Y"
          hint="%Y year, %m month, %d day, %H hour, %M minute, %S second"
        />
        <div className="columns">
          <SelectField
            label="Decimal sign"
            value={decimal === undefined ? "found" : decimal ? "comma" : "point"}
            options={[
              ["found", "As found"],
              ["point", "Point  1.5"],
              ["comma", "Comma  1,5"],
            ]}
            onChange={(sign) => {
              const others = { ...rest, ...(thousands === undefined ? {} : { thousands }) };
              change(sign === "found" ? others : { ...others, decimalComma: sign === "comma" });
            }}
          />
          <SelectField
            label="Thousands"
            value={thousands ?? "found"}
            options={separators}
            onChange={(sign) => change({ ...choice, thousands: sign === "found" ? "" : sign })}
          />
        </div>
        <TextField
          label="Words for NULL"
          value={choice.nullMarkers ?? ""}
          onChange={(nullMarkers) => change({ ...choice, nullMarkers })}
          hint="In this column, besides those for all; separated by commas."
        />
        <TextField
          label="What separates the elements of a list"
          value={choice.listSeparator ?? ""}
          onChange={(listSeparator) => change({ ...choice, listSeparator })}
          hint="For a column that is an Array."
        />
        <Checkbox
          isChecked={choice.stripUnits ?? false}
          onChange={(stripUnits) => change({ ...choice, stripUnits })}
        >
          Leave out units of numbers, such as € or %
        </Checkbox>
        <div className="row end">
          <Button onClick={() => change({})}>As found</Button>
          <Button look="primary" onClick={() => dialog.current?.close()}>
            Done
          </Button>
        </div>
      </div>
    </dialog>
  );
}
