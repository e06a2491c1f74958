import { useState } from "react";

import { Button } from "./button";

interface CodeBlockProps {
  label: string;
  text: string;
}

/** Text as it is, to be copied. */
export function CodeBlock({ label, text }: CodeBlockProps) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    });
  };
  return (
    <figure className="stack tight">
      <figcaption className="row between">
        <span className="label">{label}</span>
        <Button isSmall look="plain" onClick={copy}>
          {isCopied ? "Copied" : "Copy"}
        </Button>
      </figcaption>
      <pre className="code" tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </figure>
  );
}
