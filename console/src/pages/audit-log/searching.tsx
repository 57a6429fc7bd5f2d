/** What both halves of the record share: which half, the days, and the same search as a file. */
import { Download } from "lucide-react";
import { NavLink } from "react-router";
import { TextField } from "@/parts/form";

const HALVES = [
  ["/audit-log", "Invoices"],
  ["/audit-log/changes", "Vendors, people, policy"],
] as const;

/** The two halves: what happened to invoices, and what people changed by hand. */
export function Halves() {
  return (
    <nav aria-label="Which record" className="flex gap-4 border-b border-line">
      {HALVES.map(([path, words]) => (
        <NavLink
          key={path}
          end
          to={path}
          className="-mb-px border-b-2 border-transparent px-1 py-2 text-quiet aria-[current=page]:border-accent aria-[current=page]:font-medium aria-[current=page]:text-ink"
        >
          {words}
        </NavLink>
      ))}
    </nav>
  );
}

type Period = { since?: string; until?: string };

export function Days({
  values,
  change,
}: {
  values: Period;
  change: (name: "since" | "until", value: string) => void;
}) {
  return (["since", "until"] as const).map((name) => {
    const words = name === "since" ? "From this day" : "Until this day";
    return (
      <div key={name} className="w-36">
        <TextField
          label={words}
          title={words}
          hideLabel
          type="date"
          value={values[name] ?? ""}
          onChange={(event) => change(name, event.target.value)}
        />
      </div>
    );
  });
}

/** Days of the reader's own zone as moments; the last day counts whole. */
export function moments({ since, until }: Period): { since: string | null; until: string | null } {
  return { since: since ? midnight(since, 0) : null, until: until ? midnight(until, 1) : null };
}

/** The browser fetches the file by itself, however long it is. */
export function Csv({ path, asked }: { path: string; asked: Readonly<Record<string, string | null>> }) {
  const words = new URLSearchParams(
    Object.entries(asked).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
  return (
    <a
      className="inline-flex min-h-9 items-center gap-1.5 rounded-md border border-line bg-panel px-3 font-medium hover:bg-sunk"
      href={`${path}?${words}`}
      download
    >
      <Download aria-hidden size={15} /> CSV
    </a>
  );
}

function midnight(date: string, daysLater: number): string | null {
  const at = new Date(`${date}T00:00:00`);
  if (Number.isNaN(at.getTime())) return null;
  at.setDate(at.getDate() + daysLater);
  return at.toISOString();
}
