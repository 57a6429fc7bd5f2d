/** How the street is doing: each number says how it is defined and leads to the invoices behind it. */
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { api, data } from "@/parts/client";
import { Choice } from "@/parts/form";
import { Page } from "@/parts/page";
import { Answer } from "@/parts/states";
import { Behind } from "./behind";
import { Numbers } from "./numbers";
import type { Measure } from "./shape";

const SPANS = [
  ["7", "Last 7 days"],
  ["30", "Last 30 days"],
  ["90", "Last 90 days"],
  ["366", "Last year"],
] as const;
const USUAL = "30";

export default function InsightPage() {
  const [search, setSearch] = useSearchParams();
  const asked = search.get("days") ?? USUAL;
  const days = SPANS.some(([value]) => value === asked) ? asked : USUAL;
  const query = useQuery({
    queryKey: ["insight", days],
    queryFn: () => data(api.GET("/api/v1/insight", { params: { query: { days: Number(days) } } })),
  });
  const measure = search.get("measure") as Measure | null;
  return (
    <Page
      title="Insight"
      lead="Each number says how it is defined, and leads to its invoices."
      actions={
        <div className="w-40">
          <Choice
            label="Time"
            hideLabel
            value={days}
            onChange={(event) => setSearch({ days: event.target.value }, { replace: true })}
            options={SPANS}
          />
        </div>
      }
    >
      {query.data ? (
        <Numbers insight={query.data} days={days} />
      ) : (
        <section className="panel">
          <Answer query={query}>{() => null}</Answer>
        </section>
      )}
      <Behind
        measure={measure}
        of={search.get("key") ?? ""}
        days={Number(days)}
        definition={measure ? query.data?.definitions[measure] : undefined}
        close={() => setSearch({ days })}
      />
    </Page>
  );
}
