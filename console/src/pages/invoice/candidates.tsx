/** What the reader had to choose from for one field; any of it can be taken, as a correction. */
import { Key } from "@/parts/keys";
import { WHYS } from "./labels";
import type { Candidate, Field } from "./shape";

/** The candidate after the one that stands in the field now, and round again to what was read. */
export function nextCandidate(field: Field, value: string | null): Candidate | undefined {
  const at = field.candidates.findIndex((each) => each.value === value);
  const next = field.candidates[(at + 1) % field.candidates.length];
  return next?.value === value ? undefined : next;
}

type Props = {
  field: Field;
  label: string;
  /** What stands in the field now. */
  value: string | null;
  words: (value: string) => string;
  /** Left out where nothing may be corrected. */
  take?: (value: string) => void;
};

export function Candidates({ field, label, value, words, take }: Props) {
  return (
    <div className="pb-2 text-sm md:pl-[8.25rem]">
      <p className="flex flex-wrap items-center gap-1 text-quiet">
        The reader saw {field.candidates.length} values
        {take && (
          <span className="hidden items-center gap-1 md:inline-flex">
            · <Key>a</Key> takes the next
          </span>
        )}
      </p>
      <ul aria-label={`Values seen for ${label}`} className="flex flex-col">
        {field.candidates.map((each) => (
          <li
            key={each.value}
            className="flex items-baseline justify-between gap-3 border-t border-line py-1 first:border-0"
          >
            <span className="min-w-0">
              <span className={`break-words ${each.value === value ? "font-semibold" : ""}`}>
                {words(each.value)}
              </span>
              <span className="block text-quiet">
                {each.taken ? "Taken" : "Not taken"}: {WHYS[each.why] ?? each.why},{" "}
                {Math.round(each.confidence * 100)} %{each.place && `, page ${each.place.page}`}
              </span>
            </span>
            {take && each.value !== value && (
              <button
                type="button"
                aria-label={`Take ${words(each.value)} as ${label}`}
                onClick={() => take(each.value)}
                className="link min-h-6 shrink-0"
              >
                Take
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
