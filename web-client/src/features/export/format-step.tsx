import { Compression, Format, LineEnd, QuoteStyle } from "sluice-client/gen/sluice/v1/dialect_pb";
import { enumValue } from "sluice-client/parts";

import { Button } from "../../components/button";
import { Checkbox } from "../../components/checkbox";
import { SelectField } from "../../components/select-field";
import { TextField } from "../../components/text-field";
import { delimiters, formats, withOption } from "../upload/dialect-options";
import { changeExport, type ExportForm, type FormatChoice } from "./export-form";

const quoteStyles = [
  [`${QuoteStyle.NECESSARY}`, "Where they are needed"],
  [`${QuoteStyle.ALWAYS}`, "Always"],
  [`${QuoteStyle.NON_NUMERIC}`, "Around all but numbers and dates"],
] as const;
const lineEnds = [
  [`${LineEnd.LF}`, "LF"],
  [`${LineEnd.CRLF}`, "CRLF (Windows)"],
  [`${LineEnd.CR}`, "CR"],
] as const;
const compressions = [
  [`${Compression.NONE}`, "None"],
  [`${Compression.GZIP}`, "gzip"],
  [`${Compression.ZSTD}`, "zstd"],
] as const;
const encodings = [
  ["utf-8", "UTF-8"],
  ["utf-8-bom", "UTF-8 with a mark, for Excel"],
  ["utf-16le", "UTF-16"],
  ["windows-1252", "Windows-1252"],
] as const;

/** How the file is written. */
export function FormatStep({ form }: { form: ExportForm }) {
  const { format } = form;
  const set = (change: Partial<FormatChoice>) => changeExport({ format: { ...format, ...change } });
  const isCsv = format.format === Format.CSV;
  const isCut = format.format !== Format.NDJSON;
  return (
    <div className="stack">
      <section className="card stack" aria-labelledby="export-format">
        <h2 id="export-format">How the file is written</h2>
        <div className="columns">
          <SelectField
            label="Format"
            value={`${format.format}`}
            options={formats}
            onChange={(next) => set({ format: enumValue(Format, next, Format.CSV) })}
          />
          <SelectField
            label="Compression"
            value={`${format.compression}`}
            options={compressions}
            onChange={(next) =>
              set({ compression: enumValue(Compression, next, Compression.NONE) })
            }
          />
          {isCut && (
            <SelectField
              label="Encoding"
              value={format.encoding}
              options={encodings}
              onChange={(encoding) => set({ encoding })}
            />
          )}
          {isCsv && (
            <>
              <SelectField
                label="Delimiter"
                value={format.delimiter}
                options={withOption(delimiters, format.delimiter)}
                onChange={(delimiter) => set({ delimiter })}
              />
              <SelectField
                label="Quotes"
                value={`${format.quoteStyle}`}
                options={quoteStyles}
                onChange={(next) =>
                  set({ quoteStyle: enumValue(QuoteStyle, next, QuoteStyle.NECESSARY) })
                }
              />
            </>
          )}
          {isCut && (
            <>
              <SelectField
                label="Line end"
                value={`${format.lineEnd}`}
                options={lineEnds}
                onChange={(next) => set({ lineEnd: enumValue(LineEnd, next, LineEnd.LF) })}
              />
              <TextField
                label="NULL is written as"
                value={format.nullMarker}
                onChange={(nullMarker) => set({ nullMarker })}
                isMono
              />
            </>
          )}
        </div>
        {isCut && (
          <Checkbox isChecked={format.hasHeader} onChange={(hasHeader) => set({ hasHeader })}>
            Names of the columns in the first line
          </Checkbox>
        )}
        {isCsv && (
          <Checkbox isChecked={format.isExcelSafe} onChange={(isExcelSafe) => set({ isExcelSafe })}>
            Keep spreadsheets from running texts that look like formulas
            <span className="quiet small"> (such texts get an apostrophe before them)</span>
          </Checkbox>
        )}
      </section>
      <div className="step-actions">
        <Button onClick={() => changeExport({ step: "source" })}>Back</Button>
        <Button look="primary" onClick={() => changeExport({ step: "save" })}>
          Next: save
        </Button>
      </div>
    </div>
  );
}
