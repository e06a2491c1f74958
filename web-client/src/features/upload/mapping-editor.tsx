import { type DragEvent, useState } from "react";

import { Button } from "../../components/button";
import { Checkbox } from "../../components/checkbox";
import {
  type ColumnMatch,
  type InspectFileResponse,
  MatchKind,
} from "../../gen/sluice/v1/ingest_service_pb";
import { hasHeader } from "./build-spec";
import { changeForm, type UploadForm } from "./upload-form";

const explanations: Record<MatchKind, [text: string, look: string]> = {
  [MatchKind.UNSPECIFIED]: ["", ""],
  [MatchKind.EXACT]: ["same name", "good"],
  [MatchKind.CASE_DIFFERS]: ["same name in another case", "good"],
  [MatchKind.POSITION]: ["same place", "good"],
  [MatchKind.SELECTED]: ["your choice", "info"],
  [MatchKind.DEFAULT]: ["takes its DEFAULT", ""],
  [MatchKind.MISSING]: ["empty: no field, no DEFAULT", "warn"],
  [MatchKind.EXTRA]: ["has no column", "warn"],
};

interface MappingEditorProps {
  form: UploadForm;
  inspection: InspectFileResponse;
}

/** Which field of the file fills which column of the table, by choice or by drag. */
export function MappingEditor({ form, inspection }: MappingEditorProps) {
  const [target, setTarget] = useState<string | null>(null);
  const columns = inspection.matches.filter(({ kind }) => kind !== MatchKind.EXTRA);
  const chosen = new Set(Object.values(form.mapping));
  const extra = inspection.matches.filter(
    ({ kind, source }) => kind === MatchKind.EXTRA && !chosen.has(source ?? ""),
  );
  const fields = (inspection.profile?.columns ?? []).map(({ name, originalName }, index) =>
    hasHeader(inspection) ? (originalName ?? name) : `${index + 1}`,
  );
  const map = (column: string, source: string) =>
    changeForm({ mapping: { ...form.mapping, [column]: source } });
  const drop = (event: DragEvent, column: string) => {
    event.preventDefault();
    setTarget(null);
    const source = event.dataTransfer.getData("text/plain");
    if (fields.includes(source)) map(column, source);
  };
  if (columns.length === 0) return null;
  return (
    <div className="stack tight">
      <div className="row between">
        <h2>Which field goes where</h2>
        {Object.keys(form.mapping).length > 0 && (
          <Button isSmall look="plain" onClick={() => changeForm({ mapping: {} })}>
            As matched by name
          </Button>
        )}
      </div>
      <div className="table-frame tall" tabIndex={0} role="region" aria-label="Mapping">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Column of the table</th>
              <th scope="col">Field of the file</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {columns.map((match) => (
              <tr
                key={match.column}
                className={target === match.column ? "is-target" : ""}
                onDragOver={(event) => {
                  event.preventDefault();
                  setTarget(match.column);
                }}
                onDragLeave={() => setTarget(null)}
                onDrop={(event) => drop(event, match.column)}
              >
                <MappingRow
                  match={match}
                  chosen={form.mapping[match.column]}
                  fields={fields}
                  onMap={(source) => map(match.column, source)}
                />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {columns.some((match) => match.kind === MatchKind.MISSING) && (
        <Checkbox
          isChecked={form.defaultMissing}
          onChange={(defaultMissing) => changeForm({ defaultMissing })}
        >
          Columns without a field become 0 or empty
        </Checkbox>
      )}
      {extra.length > 0 && (
        <>
          <div className="row" aria-label="Fields without a column">
            <span className="quiet small">Without a column (drag one onto a column):</span>
            {extra.map(({ source }) => (
              <span
                key={source}
                className="badge warn"
                draggable
                onDragStart={(event) => event.dataTransfer.setData("text/plain", source ?? "")}
              >
                {source}
              </span>
            ))}
          </div>
          {Object.keys(form.mapping).length === 0 && (
            <Checkbox
              isChecked={form.ignoreExtra}
              onChange={(ignoreExtra) => changeForm({ ignoreExtra })}
            >
              Leave out the fields without a column
            </Checkbox>
          )}
        </>
      )}
    </div>
  );
}

interface MappingRowProps {
  match: ColumnMatch;
  chosen: string | undefined;
  fields: readonly string[];
  onMap: (source: string) => void;
}

function MappingRow({ match, chosen, fields, onMap }: MappingRowProps) {
  const [text, look] = explanations[chosen ? MatchKind.SELECTED : match.kind];
  return (
    <>
      <td>
        <strong>{match.column}</strong>
        <div className="quiet mono">{match.type}</div>
      </td>
      <td>
        <select
          className="input small"
          aria-label={`Field for ${match.column}`}
          value={chosen ?? match.source ?? ""}
          onChange={(event) => onMap(event.target.value)}
        >
          <option value="">– none –</option>
          {fields.map((field) => (
            <option key={field} value={field}>
              {field}
            </option>
          ))}
        </select>
      </td>
      <td>
        <span className={`badge ${look}`}>{text}</span>
      </td>
    </>
  );
}
