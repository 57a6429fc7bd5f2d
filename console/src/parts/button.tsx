/** Buttons, and links that look like them. */
import { LoaderCircle } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Link, type LinkProps } from "react-router";

export type Look = "main" | "plain" | "bare" | "danger";

const SHAPE =
  "inline-flex min-h-9 items-center justify-center gap-1.5 rounded-md px-3 font-medium whitespace-nowrap disabled:opacity-55";
const LOOKS: Readonly<Record<Look, string>> = {
  main: "bg-accent-fill text-white hover:brightness-110",
  plain: "border border-line bg-panel hover:bg-sunk",
  bare: "text-quiet hover:bg-sunk hover:text-ink",
  danger: "border border-line bg-panel text-bad hover:bg-bad-soft",
};

type Props = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "onClick"> & {
  look?: Look;
  /** Working on it: shown, and not to be pressed again. */
  busy?: boolean;
  onPress?: () => void;
  children: ReactNode;
};

export function Button({ look = "plain", busy = false, onPress, className = "", children, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      onClick={onPress}
      className={`${SHAPE} ${LOOKS[look]} ${className}`}
    >
      {busy && <LoaderCircle aria-hidden size={15} className="motion-safe:animate-spin" />}
      {children}
    </button>
  );
}

export function LinkButton({ look = "plain", className = "", ...rest }: LinkProps & { look?: Look }) {
  return <Link {...rest} className={`${SHAPE} ${LOOKS[look]} ${className}`} />;
}
