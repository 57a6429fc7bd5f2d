/** A text in its own typeface that scrolls by itself, by keyboard too. */
import type { ReactNode } from "react";

export function Scrolling({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      className="max-h-[70dvh] overflow-auto rounded-md bg-sunk py-2 font-mono text-xs leading-relaxed whitespace-pre"
    >
      {children}
    </section>
  );
}
