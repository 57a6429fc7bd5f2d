/** Keyboard shortcuts: declared where they work, listed by `?`, silent while someone types. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Dialog } from "./dialog";

/** Keys as they are typed: `j`, `?`, `Escape`, or two in a row such as `g i`. */
export type Shortcut = { keys: string; words: string; run: () => void };

/** Two keys of one shortcut come within this time. */
const SEQUENCE_MS = 900;

type Declared = { readonly current: readonly Shortcut[] };

let shown: readonly Declared[] = [];
const listeners = new Set<() => void>();
let before = "";
let timer: ReturnType<typeof setTimeout> | undefined;

/** While the component is on the page its shortcuts work and stand in the help. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const mine = useRef(shortcuts);
  mine.current = shortcuts;
  const names = shortcuts.map((each) => `${each.keys} ${each.words}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what they are called tells whether they changed
  useEffect(() => {
    publish([...shown, mine]);
    return () => publish(shown.filter((each) => each !== mine));
  }, [names]);
}

/** One listener for all: the second key of `g e` is nobody's `e`. */
function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || busyElsewhere(event.target))
    return;
  const all = shown.flatMap((each) => each.current);
  const typed = before ? `${before} ${event.key}` : event.key;
  const hit = all.find((each) => each.keys === typed);
  const started = !before && all.some((each) => each.keys.startsWith(`${event.key} `));
  clearTimeout(timer);
  before = started ? event.key : "";
  timer = setTimeout(() => {
    before = "";
  }, SEQUENCE_MS);
  if (!hit) return;
  event.preventDefault();
  hit.run();
}

addEventListener("keydown", onKey);

/** The list of all shortcuts that work now; opened by `?`. */
export function KeyboardHelp() {
  const [open, setOpen] = useState(false);
  const all = useSyncExternalStore(subscribe, () => shown);
  useShortcuts([{ keys: "?", words: "Show these shortcuts", run: () => setOpen(true) }]);
  return (
    <Dialog title="Keyboard" open={open} close={() => setOpen(false)}>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2">
        {all
          .flatMap((each) => each.current)
          .map((each) => (
            <div key={each.keys} className="contents">
              <dt className="flex gap-1">
                {each.keys.split(" ").map((key) => (
                  <Key key={key}>{key}</Key>
                ))}
              </dt>
              <dd>{each.words}</dd>
            </div>
          ))}
      </dl>
    </Dialog>
  );
}

export function Key({ children }: { children: string }) {
  return (
    <kbd className="inline-grid min-w-6 place-items-center rounded-sm border border-line bg-sunk px-1.5 font-mono text-xs text-quiet">
      {children}
    </kbd>
  );
}

function busyElsewhere(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const typing = target.matches(
    "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]",
  );
  return typing || document.querySelector("dialog[open]") !== null;
}

function publish(next: typeof shown): void {
  shown = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
