interface StatProps {
  label: string;
  value: string;
  /** A line below; its place is kept. */
  detail?: string;
  look?: "normal" | "bad";
}

/** One number with its name; belongs into a `<dl className="stats">`. */
export function Stat({ label, value, detail = "", look = "normal" }: StatProps) {
  return (
    <div className={look === "bad" ? "stat bad" : "stat"}>
      <dt>{label}</dt>
      <dd>{value}</dd>
      <dd className="small">{detail}</dd>
    </div>
  );
}
