import type { ButtonHTMLAttributes } from "react";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary` at most once on a screen. */
  look?: "primary" | "plain" | "danger" | "normal";
  isSmall?: boolean;
}

/** A button; `type` is `button` unless said otherwise. */
export function Button({ look = "normal", isSmall = false, className = "", ...rest }: ButtonProps) {
  const classes = ["button", look === "normal" ? "" : look, isSmall ? "small" : "", className];
  return <button type="button" className={classes.filter(Boolean).join(" ")} {...rest} />;
}
