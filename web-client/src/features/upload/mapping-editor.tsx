import { useVirtualizer } from "@tanstack/react-virtual";
import { type DragEvent, useMemo, useRef, useState } from "react";
import {
  type ColumnMatch,
  type InspectFileResponse,
  MatchKind,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { Button } from "../../components/button";
import { Checkbox } from "../../components/checkbox";
import { Note } from "../../components/note";
import { useRows } from "../../components/use-rows";
import { formatRows } from "../../lib/format";
import { ColumnOptions } from "./column-options";
import { type Field, fieldLabel, fieldsOf } from "./fields";
import { freeFields, type Proposal, proposalsFor } from "./proposals";
import { rememberedMapping } from "./remembered";
import { changeForm, chooseField, type UploadForm } from "./upload-form";

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

/** More columns than this are searched in. */
const searchedFrom = 12;

interface MappingEditorProps {
  form: UploadForm;
  inspection: InspectFileResponse;
}

/** Which field of the file fills which column of the table, by choice, by drag or as proposed. */
export function MappingEditor({ form, inspection }: MappingEditorProps) {
  const [search, setSearch] = useState("");
  const [options, setOptions] = useState<string | null>(null);
  const columns = inspection.matches.filter(({ kind }) => kind !== MatchKind.EXTRA);
  const fields = useMemo(() => fieldsOf(inspection), [inspection]);
  const free = freeFields(inspection.matches, fields, form.mapping);
  const remembered = useMemo(() => rememberedMapping(form.table), [form.table]);
  const proposals = proposalsFor(inspection.matches, fields, form.mapping, remembered);
  const takeAll = () => {
    const all = Object.fromEntries(proposals.map(({ column, source }) => [column, source]));
    changeForm({ mapping: { ...form.mapping, ...all } });
  };
  if (columns.length === 0) return null;
  const shown = columns.filter(({ column, source }) =>
    `${column} ${source ?? ""}`.toLowerCase().includes(search.toLowerCase()),
  );
  const leaveAllOut = () =>
    changeForm({
      mapping: Object.fromEntries(columns.map(({ column }) => [column, ""])),
      columnValues: {},
    });
  return (
    <div className="stack tight">
      <div className="row between">
        <h2>Which field goes where</h2>
        <div className="row">
          {Object.keys(form.mapping).length > 0 && (
            <Button
              isSmall
              look="plain"
              onClick={() => changeForm({ mapping: {}, columnValues: {} })}
            >
              As matched by name
            </Button>
          )}
          {columns.length >= searchedFrom && (
            <>
              <Button isSmall look="plain" onClick={leaveAllOut}>
                None
              </Button>
              <input
                className="input small mapping-search"
                type="search"
                aria-label="Search in the columns of the table"
                placeholder="Search"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
              />
            </>
          )}
        </div>
      </div>
      {proposals.length > 0 && (
        <Note>
          <div className="row between">
            <span>{formatRows(proposals.length, "field")} may belong to a column without one.</span>
            <Button isSmall onClick={takeAll}>
              {proposals.length === 1 ? "Use the proposal" : `Use all ${proposals.length}`}
            </Button>
          </div>
        </Note>
      )}
      <MappingRows
        columns={shown}
        fields={fields}
        form={form}
        proposals={proposals}
        onOptions={setOptions}
      />
      {columns.some((match) => match.kind === MatchKind.MISSING) && (
        <Checkbox
          isChecked={form.defaultMissing}
          onChange={(defaultMissing) => changeForm({ defaultMissing })}
        >
          Columns without a field become 0 or empty
        </Checkbox>
      )}
      {free.length > 0 && <FreeFields form={form} free={free} />}
      {options !== null && (
        <ColumnOptions
          form={form}
          column={options}
          name={options}
          onClose={() => setOptions(null)}
        />
      )}
    </div>
  );
}

const shownFields = 60;

/** The fields that fill no column. */
function FreeFields({ form, free }: { form: UploadForm; free: readonly Field[] }) {
  return (
    <>
      <div className="row" role="group" aria-label="Fields without a column">
        <span className="quiet small">Without a column (drag one onto a column):</span>
        {free.slice(0, shownFields).map((field) => (
          <span
            key={field.key}
            className="badge warn"
            draggable
            onDragStart={(event) => event.dataTransfer.setData("text/plain", field.key)}
          >
            {fieldLabel(field)}
          </span>
        ))}
        {free.length > shownFields && (
          <span className="quiet small">and {free.length - shownFields} more</span>
        )}
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
  );
}

interface MappingRowsProps {
  columns: readonly ColumnMatch[];
  fields: readonly Field[];
  form: UploadForm;
  proposals: readonly Proposal[];
  onOptions: (column: string) => void;
}

/** Rows of any number, of which only the visible ones are in the page. */
function MappingRows({ columns, fields, form, proposals, onOptions }: MappingRowsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [target, setTarget] = useState<string | null>(null);
  const virtual = useVirtualizer({
    count: columns.length,
    getScrollElement: () => frame.current,
    estimateSize: () => 60,
    getItemKey: (index) => columns[index]?.column ?? index,
    overscan: 4,
  });
  const rows = useRows(columns.length, (index) => virtual.scrollToIndex(index));
  const drop = (event: DragEvent, column: string) => {
    event.preventDefault();
    setTarget(null);
    const source = event.dataTransfer.getData("text/plain");
    if (fields.some(({ key }) => key === source)) chooseField(column, source);
  };
  return (
    <div
      ref={frame}
      {...rows.frame}
      className="lines"
      role="list"
      aria-label="Mapping"
      style={{ height: Math.min(480, virtual.getTotalSize() + 2) }}
    >
      <div className="grid-body" role="none" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const match = columns[item.index];
          if (!match) return null;
          const { column } = match;
          return (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              role="listitem"
              className={`lines-row mapping-row${target === column ? " is-target" : ""}`}
              style={{ transform: `translateY(${item.start}px)` }}
              onDragOver={(event) => {
                event.preventDefault();
                setTarget(column);
              }}
              onDragLeave={() => setTarget(null)}
              onDrop={(event) => drop(event, column)}
            >
              <MappingRow
                match={match}
                chosen={form.mapping[column]}
                fields={fields}
                proposal={proposals.find((one) => one.column === column)}
                hasOptions={form.columnValues[column] !== undefined}
                tabIndex={rows.tabIndexOf(item.index)}
                onOptions={() => onOptions(column)}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface MappingRowProps {
  match: ColumnMatch;
  chosen: string | undefined;
  fields: readonly Field[];
  proposal: Proposal | undefined;
  hasOptions: boolean;
  tabIndex: number;
  onOptions: () => void;
}

function MappingRow(props: MappingRowProps) {
  const { match, chosen, fields, proposal, hasOptions, tabIndex, onOptions } = props;
  const { column, type } = match;
  const [text, look] = explanations[chosen ? MatchKind.SELECTED : match.kind];
  const source = chosen ?? match.source ?? "";
  const proposed = fields.find(({ key }) => key === proposal?.source);
  return (
    <>
      <div className="mapping-column">
        <strong>{column}</strong>
        <div className="quiet mono">{type}</div>
      </div>
      <select
        tabIndex={tabIndex}
        className="input small"
        aria-label={`Field for ${column}`}
        value={source}
        onChange={(event) => chooseField(column, event.target.value)}
      >
        <option value="">– none –</option>
        {fields.map((field) => (
          <option key={field.key} value={field.key}>
            {fieldLabel(field)}
          </option>
        ))}
      </select>
      <div className="row mapping-why">
        {proposal && proposed ? (
          <Button isSmall tabIndex={tabIndex} onClick={() => chooseField(column, proposal.source)}>
            {fieldLabel(proposed)}, {proposal.why}: use
          </Button>
        ) : (
          <span className={`badge ${look}`}>{text}</span>
        )}
        {source !== "" && (
          <Button
            tabIndex={tabIndex}
            isSmall
            look={hasOptions ? "normal" : "plain"}
            aria-label={`Options for ${column}`}
            onClick={onOptions}
          >
            {hasOptions ? "Options set" : "Options"}
          </Button>
        )}
      </div>
    </>
  );
}
