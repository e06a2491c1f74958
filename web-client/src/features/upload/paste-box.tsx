import { useState } from "react";

import { Button } from "../../components/button";
import { Field } from "../../components/field";
import { isTable, takePasted } from "./pasted";

/** A table by hand, for those who cannot press the keys to paste on the page itself. */
export function PasteBox() {
  const [text, setText] = useState("");
  return (
    <details>
      <summary>Paste a table from a spreadsheet</summary>
      <div className="stack tight">
        <Field
          label="The copied cells"
          hint="With their header; Ctrl+V anywhere on this page does it too."
        >
          {(ids) => (
            <textarea
              {...ids}
              className="input"
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <div className="row end">
          <Button disabled={!isTable(text)} onClick={() => takePasted(text)}>
            Use this table
          </Button>
        </div>
      </div>
    </details>
  );
}
