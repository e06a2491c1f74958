import { Choices } from "../../components/choices";
import { TextField } from "../../components/text-field";
import { changeForm, type Policy } from "./upload-form";

const policies = [
  {
    value: "stop",
    title: "Stop at the first",
    text: "The upload fails and says which cell does not fit.",
  },
  {
    value: "rows",
    title: "Set some aside",
    text: "Up to a number of rows. You get them as a file to correct and load again.",
  },
  {
    value: "share",
    title: "Set a share aside",
    text: "As many as a part of all rows, judged at the end of the file.",
  },
] as const;

/** What happens to rows that do not fit. */
export function PolicyEditor({ policy }: { policy: Policy }) {
  const choose = (kind: Policy["kind"]) => {
    const all = {
      stop: { kind: "stop" },
      rows: { kind: "rows", max: 100 },
      share: { kind: "share", percent: 1 },
    } as const;
    changeForm({ policy: all[kind] });
  };
  return (
    <div className="stack tight">
      <Choices
        legend="When a row does not fit"
        value={policy.kind}
        choices={policies}
        onChange={choose}
      />
      {policy.kind === "rows" && (
        <div className="columns">
          <TextField
            label="The most rows"
            type="number"
            min={0}
            value={`${policy.max}`}
            onChange={(text) => changeForm({ policy: { kind: "rows", max: Number(text) || 0 } })}
            hint="With one more the upload fails."
          />
        </div>
      )}
      {policy.kind === "share" && (
        <div className="columns">
          <TextField
            label="The largest share, in percent"
            type="number"
            min={0}
            max={100}
            step="any"
            value={`${policy.percent}`}
            onChange={(text) =>
              changeForm({
                policy: { kind: "share", percent: Math.min(100, Math.max(0, Number(text) || 0)) },
              })
            }
            hint="With more the upload fails."
          />
        </div>
      )}
    </div>
  );
}
