/** A name as ClickHouse reads it, whatever it holds. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}

/** A text as ClickHouse reads it. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A table with its database, quoted. */
export function quoteTable(table: { database: string; table: string }): string {
  const name = quoteIdentifier(table.table);
  return table.database === "" ? name : `${quoteIdentifier(table.database)}.${name}`;
}

/** A table with its database, for people. */
export function tableName(table: { database: string; table: string }): string {
  return table.database === "" ? table.table : `${table.database}.${table.table}`;
}

/** A name for a table, from that of a file: `My File (1).csv.gz` becomes `my_file_1`. */
export function tableNameOfFile(fileName: string): string {
  const stem = fileName.replace(
    /(\.(csv|tsv|txt|tab|json|ndjson|jsonl|xlsx|xlsm|ods|gz|gzip|zst|zstd))+$/i,
    "",
  );
  const name = stem
    .normalize("NFKD")
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/[^\w]/g, "")
    .replace(/^_+|_+$/g, "")
    .toLowerCase();
  if (name === "") return "data";
  return /^\d/.test(name) ? `t_${name}` : name;
}
