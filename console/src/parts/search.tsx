/** A search field: asks a moment after the last letter, and `/` leads to it from anywhere on the page. */
import { Search } from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { useShortcuts } from "./keys";

const PAUSE_MS = 250;

type Props = {
  /** Names the field for who cannot see it. */
  label: string;
  placeholder: string;
  value: string;
  change: (words: string) => void;
};

export function SearchField({ label, placeholder, value, change }: Props) {
  const [text, setText] = useState(value);
  const late = useDeferredValue(text);
  const ref = useRef<HTMLInputElement>(null);
  const latest = useRef(change);
  latest.current = change;
  useShortcuts([{ keys: "/", words: "Search", run: () => ref.current?.focus() }]);
  useEffect(() => {
    if (late === value) return;
    const timer = setTimeout(() => latest.current(late.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [late, value]);
  return (
    <label className="relative min-w-48 grow">
      <span className="sr-only">{label}</span>
      <Search aria-hidden size={15} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-quiet" />
      <input
        ref={ref}
        type="search"
        className="field pl-8"
        placeholder={placeholder}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
    </label>
  );
}
