/** What was handed in before, the newest first, with where its invoices stand by now. */
import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/parts/client";
import { Panel } from "@/parts/page";
import { size } from "@/parts/size";
import { Answer, Empty } from "@/parts/states";
import { Age } from "@/parts/time";
import { Outcome, OutcomeBadge } from "./outcome";

const SHOWN = 20;

export function Before() {
  const query = useQuery({
    queryKey: ["invoices", "uploads"],
    queryFn: () => data(api.GET("/api/v1/uploads", { params: { query: { limit: SHOWN } } })),
  });
  return (
    <Panel title="Handed in lately">
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing yet">What is handed in here stays listed, also what was refused.</Empty>
          ) : (
            <ul className="divide-y divide-line">
              {items.map((each) => (
                <li key={each.id} className="flex flex-col gap-1 px-4 py-2.5">
                  <div className="flex items-center gap-2">
                    <span className="min-w-0 grow truncate font-medium">{each.name}</span>
                    <OutcomeBadge upload={each} />
                  </div>
                  <p className="text-sm break-words text-quiet">
                    {size(each.size_bytes)}, by {each.person}, <Age since={each.at} suffix=" ago" />
                    {each.origin && `, from ${each.origin}`}
                  </p>
                  <Outcome upload={each} />
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </Panel>
  );
}
