/** Lines of a unified diff; what came and what went is said in words, too, for who cannot see the colours. */
import { Scrolling } from "@/parts/scrolling";

const MARKS = [
  ["+++", "text-quiet", ""],
  ["---", "text-quiet", ""],
  ["@@", "text-quiet", ""],
  ["+", "bg-good-soft text-good", "added "],
  ["-", "bg-bad-soft text-bad", "removed "],
] as const;

export function Diff({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <section aria-label="Difference in the text" className="flex min-w-0 flex-col gap-1.5">
      <h2 className="heading">Difference in the text</h2>
      <Scrolling label="Lines that differ">
        {lines.map((line, index) => {
          const [, look, said] = MARKS.find(([mark]) => line.startsWith(mark)) ?? ["", "", ""];
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a diff may hold the same line twice
            <div key={index} className={`min-w-max px-3 ${look}`}>
              {said && <span className="sr-only">{said}</span>}
              {line || " "}
            </div>
          );
        })}
      </Scrolling>
    </section>
  );
}
