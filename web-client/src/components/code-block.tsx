import { useState } from "react";

import { copyText } from "../lib/clipboard";
import { attend } from "../rpc/failures";
import { Button } from "./button";

interface CodeBlockProps {
  label: string;
  text: string;
}

/** Text as it is, to be copied. */
export function CodeBlock({ label, text }: CodeBlockProps) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <figure className="stack tight">
      <figcaption className="row between">
        <span className="label">{label}</span>
        <Button isSmall look="plain" onClick={() => attend(copy())}>
          {isCopied ? "Copied" : "Copy"}
        </Button>
      </figcaption>
      <pre className="code" tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </figure>
  );
}
