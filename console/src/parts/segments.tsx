/** Tabs of one page: arrow keys go through them, and each names what it shows. */
import type { ReactNode } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";

export type Segment = { id: string; title: ReactNode; content: ReactNode };

export function Segments(props: {
  label: string;
  segments: readonly Segment[];
  selected: string;
  select: (id: string) => void;
}) {
  return (
    <Tabs selectedKey={props.selected} onSelectionChange={(key) => props.select(String(key))}>
      <TabList aria-label={props.label} className="flex overflow-x-auto border-b border-line px-2">
        {props.segments.map((each) => (
          <Tab
            key={each.id}
            id={each.id}
            className="-mb-px cursor-pointer border-b-2 border-transparent px-2.5 py-2.5 whitespace-nowrap text-quiet data-[selected]:border-accent data-[selected]:font-medium data-[selected]:text-ink"
          >
            {each.title}
          </Tab>
        ))}
      </TabList>
      {props.segments.map((each) => (
        <TabPanel key={each.id} id={each.id} className="outline-none">
          {each.content}
        </TabPanel>
      ))}
    </Tabs>
  );
}
