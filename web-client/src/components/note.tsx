import type { ReactNode } from "react";

interface NoteProps {
  look?: "info" | "good" | "warn" | "bad";
  title?: string;
  children?: ReactNode;
}

/** A short text that stands out. */
export function Note({ look = "info", title, children }: NoteProps) {
  return (
    <div className={`note ${look}`} role={look === "bad" ? "alert" : undefined}>
      {title && <strong>{title}</strong>}
      {children && <div>{children}</div>}
    </div>
  );
}
