/** Short words about what just happened; they go by themselves, but not while someone reads them. */
import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";

type Tone = "good" | "bad" | "calm";
type Note = { id: number; words: string; tone: Tone };

const MOST_AT_ONCE = 4;
const SHOWN_MS = { good: 5_000, calm: 6_000, bad: 12_000 } as const;
const ICONS = { good: CircleCheck, bad: CircleAlert, calm: Info } as const;
const COLOURS = { good: "text-good", bad: "text-bad", calm: "text-accent" } as const;

let notes: readonly Note[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

export function toast(words: string, tone: Tone = "good"): void {
  lastId += 1;
  publish(
    [...notes.filter((each) => each.words !== words), { id: lastId, words, tone }].slice(-MOST_AT_ONCE),
  );
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => notes);
  return (
    <section
      aria-label="Notifications"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 bottom-16 z-50 flex flex-col items-center gap-2 md:right-auto md:bottom-4 md:left-58 md:items-start"
    >
      {shown.map((note) => (
        <Toast key={note.id} note={note} />
      ))}
    </section>
  );
}

function Toast({ note }: { note: Note }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismiss(note.id), SHOWN_MS[note.tone]);
    return () => clearTimeout(timer);
  }, [held, note]);
  const Icon = ICONS[note.tone];
  return (
    <div
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      className="panel pointer-events-auto flex w-full max-w-sm items-start gap-2.5 p-3 shadow-lg"
    >
      <Icon aria-hidden size={17} className={`mt-px shrink-0 ${COLOURS[note.tone]}`} />
      <p className="min-w-0 grow break-words">{note.words}</p>
      <button
        type="button"
        aria-label="Dismiss"
        className="shrink-0 text-quiet"
        onClick={() => dismiss(note.id)}
      >
        <X aria-hidden size={16} />
      </button>
    </div>
  );
}

function dismiss(id: number): void {
  publish(notes.filter((each) => each.id !== id));
}

function publish(next: readonly Note[]): void {
  notes = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
