/** Bars for who sees them; the table below says the same to everybody, so a screen reader is spared these. */

/** `more` is drawn behind the value, lighter: how far the slow ones go. */
export type Mark = { name: string; value: number; more?: number; words: string };

export function Bars({ bars }: { bars: readonly Mark[] }) {
  const longest = Math.max(...bars.map((bar) => bar.value + (bar.more ?? 0)));
  const share = (value: number) => ({ width: `${longest > 0 ? (100 * value) / longest : 0}%` });
  if (bars.length === 0) return null;
  return (
    <div
      aria-hidden
      className="grid grid-cols-[7.75rem_minmax(0,1fr)_5.75rem] items-center gap-x-2 gap-y-3 px-4 pt-3 pb-1 text-xs"
    >
      {bars.map((bar) => (
        <div key={bar.name} className="contents">
          <span className="truncate text-right text-quiet">{bar.name}</span>
          <span className="flex h-3.5">
            <span className="min-w-0.5 bg-accent" style={share(bar.value)} />
            <span className="bg-accent-soft" style={share(bar.more ?? 0)} />
          </span>
          <span className="truncate">{bar.words}</span>
        </div>
      ))}
    </div>
  );
}
