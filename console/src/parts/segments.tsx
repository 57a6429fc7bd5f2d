/** Tabs of one page: arrow keys go through them, and each names what it shows (WAI-ARIA's pattern of tabs). */
import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";

export type Segment = { id: string; title: ReactNode; content: ReactNode };

export function Segments(props: {
  label: string;
  segments: readonly Segment[];
  selected: string;
  select: (id: string) => void;
}) {
  const { segments, selected } = props;
  const base = useId();
  const list = useRef<HTMLDivElement>(null);
  const at = segments.findIndex((each) => each.id === selected);
  const onKey = (event: KeyboardEvent) => {
    const last = segments.length - 1;
    const to = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    }[event.key];
    const next = to === undefined ? undefined : segments[to];
    if (!next) return;
    event.preventDefault();
    props.select(next.id);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[to ?? 0]?.focus();
  };
  return (
    <>
      <div
        ref={list}
        role="tablist"
        aria-label={props.label}
        onKeyDown={onKey}
        className="flex overflow-x-auto border-b border-line px-2"
      >
        {segments.map((each) => (
          <button
            key={each.id}
            type="button"
            role="tab"
            id={`${base}-${each.id}`}
            aria-selected={each.id === selected}
            aria-controls={`${base}-panel`}
            tabIndex={each.id === selected ? 0 : -1}
            onClick={() => props.select(each.id)}
            className={`-mb-px border-b-2 px-2.5 py-2.5 whitespace-nowrap ${each.id === selected ? "border-accent font-medium text-ink" : "border-transparent text-quiet"}`}
          >
            {each.title}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`${base}-panel`}
        aria-labelledby={`${base}-${selected}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the pattern's own; a panel may hold nothing to focus
        tabIndex={0}
        className="outline-none focus-visible:ring-1 focus-visible:ring-accent"
      >
        {segments[at]?.content}
      </div>
    </>
  );
}
