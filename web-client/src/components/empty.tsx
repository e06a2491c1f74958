import type { ReactNode } from "react";

interface EmptyProps {
  title: string;
  children?: ReactNode;
}

/** What stands where nothing is yet. */
export function Empty({ title, children }: EmptyProps) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}
