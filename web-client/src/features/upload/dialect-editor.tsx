import { Compression, Format } from "sluice-client/gen/sluice/v1/dialect_pb";
import type { FileProfile } from "sluice-client/gen/sluice/v1/profile_pb";
import { enumValue } from "sluice-client/parts";

import { Checkbox } from "../../components/checkbox";
import { type Option, SelectField } from "../../components/select-field";
import { TextField } from "../../components/text-field";
import {
  compressions,
  delimiters,
  encodings,
  escapes,
  findingText,
  formats,
  quotes,
  withOption,
} from "./dialect-options";
import type { DialectChoice } from "./upload-form";

interface DialectEditorProps {
  choice: DialectChoice;
  profile: FileProfile | undefined;
  onChange: (choice: DialectChoice) => void;
}

/** What was found of the dialect, all of it to be changed. */
export function DialectEditor({ choice, profile, onChange }: DialectEditorProps) {
  const found = profile?.dialect;
  const set = (change: DialectChoice) => onChange({ ...choice, ...change });
  const hint = (name: string) => findingText(profile, name) || " ";
  const format = choice.format ?? found?.format ?? Format.CSV;
  const sheets = profile?.workbook?.sheets;
  const isCut = format !== Format.NDJSON && !sheets;
  const hasHeader = format !== Format.NDJSON;
  const select = (
    label: string,
    name: "delimiter" | "quote" | "escape",
    options: readonly Option<string>[],
  ) => {
    const value = choice[name] ?? found?.[name] ?? "";
    return (
      <SelectField
        label={label}
        value={value}
        options={withOption(options, value)}
        hint={hint(name)}
        onChange={(next) => set({ [name]: next })}
      />
    );
  };
  return (
    <div className="stack tight">
      {sheets ? (
        <>
          <SelectField
            label="Sheet"
            value={choice.sheet ?? profile.workbook?.sheet ?? ""}
            options={sheets.map(({ name }) => [name, name])}
            hint={hint("sheet")}
            onChange={(sheet) => set({ sheet })}
          />
          <TextField
            label="Cells"
            value={choice.range ?? ""}
            onChange={(range) => set({ range })}
            hint={`such as A1:F200; found: ${profile.workbook?.range ?? ""}`}
            isMono
          />
        </>
      ) : (
        <SelectField
          label="Format"
          value={`${format}`}
          options={formats}
          hint={hint("format")}
          onChange={(next) =>
            onChange({ ...onlyWhole(choice), format: enumValue(Format, next, Format.CSV) })
          }
        />
      )}
      {isCut && (
        <>
          {select("Delimiter", "delimiter", delimiters)}
          <TextField
            label="Another delimiter"
            value={
              choice.delimiter !== undefined && !isListed(choice.delimiter) ? choice.delimiter : ""
            }
            onChange={(text) => set({ delimiter: text === "" ? "," : text.slice(0, 8) })}
            hint="1 to 8 characters"
            isMono
          />
          {select("Quote", "quote", quotes)}
          {select("Escape", "escape", escapes)}
        </>
      )}
      {hasHeader && (
        <>
          <CountField
            label="Header lines"
            value={choice.headerRows ?? found?.headerRows ?? 1}
            max={4}
            hint={hint("header_rows")}
            onChange={(headerRows) => set({ headerRows })}
          />
          <CountField
            label="Lines to skip above"
            value={choice.skipLines ?? Number(found?.skipLines ?? 0n)}
            hint={hint("skip_lines")}
            onChange={(skipLines) => set({ skipLines })}
          />
        </>
      )}
      <details>
        <summary>More</summary>
        <div className="stack tight">
          <SelectField
            label="Encoding"
            value={choice.encoding ?? found?.encoding ?? "utf-8"}
            options={withOption(encodings, choice.encoding ?? (found?.encoding || "utf-8"))}
            hint={hint("encoding")}
            onChange={(encoding) => set({ encoding })}
          />
          <SelectField
            label="Compression"
            value={`${choice.compression ?? found?.compression ?? Compression.NONE}`}
            options={compressions}
            hint={hint("compression")}
            onChange={(next) =>
              set({ compression: enumValue(Compression, next, Compression.NONE) })
            }
          />
          {isCut && (
            <>
              <TextField
                label="Comment lines begin with"
                value={choice.comment ?? found?.comment ?? ""}
                hint={hint("comment")}
                onChange={(comment) => set({ comment: comment.slice(0, 8) })}
                isMono
              />
              <CountField
                label="Last line of the table"
                value={choice.endLine ?? Number(found?.endLine ?? 0n)}
                hint={findingText(profile, "end_line") || "0: the file's last"}
                onChange={(endLine) => set(endLine > 0 ? { endLine } : { endLine: 2 ** 50 })}
              />
              <Checkbox
                isChecked={choice.skipInitialSpace ?? found?.skipInitialSpace ?? false}
                onChange={(skipInitialSpace) => set({ skipInitialSpace })}
              >
                Leave out spaces after a delimiter
              </Checkbox>
            </>
          )}
        </div>
      </details>
    </div>
  );
}

function isListed(delimiter: string): boolean {
  return delimiters.some(([listed]) => listed === delimiter);
}

/** What belongs to the file as a whole and stays when the format changes. */
function onlyWhole({ encoding, compression }: DialectChoice): DialectChoice {
  return {
    ...(encoding === undefined ? {} : { encoding }),
    ...(compression === undefined ? {} : { compression }),
  };
}

interface CountFieldProps {
  label: string;
  value: number;
  hint: string;
  max?: number;
  onChange: (value: number) => void;
}

function CountField({ label, value, hint, max, onChange }: CountFieldProps) {
  return (
    <TextField
      label={label}
      type="number"
      min={0}
      {...(max === undefined ? {} : { max })}
      value={value >= 2 ** 50 ? "0" : `${value}`}
      hint={hint}
      onChange={(text) => {
        const count = Math.max(0, Math.floor(Number(text) || 0));
        onChange(max === undefined ? count : Math.min(max, count));
      }}
    />
  );
}
