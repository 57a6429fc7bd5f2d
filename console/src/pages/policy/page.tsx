/** The owner's limits: what is in force, another to write and try first, and everything that was in force before. */
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { Badge } from "@/parts/badge";
import { api, data } from "@/parts/client";
import { HistoryPanel } from "@/parts/history";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/page";
import { type Segment, Segments } from "@/parts/segments";
import { Answer } from "@/parts/states";
import { Editor } from "./editor";
import { InForce } from "./in-force";
import { Versions } from "./versions";

export default function PolicyPage() {
  const may = useMay("policy.edit");
  const [search, setSearch] = useSearchParams();
  const query = useQuery({ queryKey: ["policy"], queryFn: () => data(api.GET("/api/v1/policy")) });
  const version = query.data?.version;
  return (
    <Page
      title="Policy"
      lead={
        version ? (
          <>
            In force: <code className="font-mono text-sm">{version}</code>{" "}
            <Badge>{query.data?.source === "file" ? "from the policy file" : "from the console"}</Badge>
          </>
        ) : (
          "The limits that every payment is held to."
        )
      }
    >
      <section className="panel">
        <Answer query={query}>
          {(policy) => {
            const segments: Segment[] = [
              { id: "in-force", title: "In force", content: <InForce policy={policy} /> },
              ...(may ? [{ id: "edit", title: "Edit", content: <Editor policy={policy} /> }] : []),
              { id: "versions", title: "Versions", content: <Versions /> },
              { id: "history", title: "History", content: <PolicyHistory /> },
            ];
            const wanted = search.get("show") ?? "";
            return (
              <Segments
                label="Policy"
                segments={segments}
                selected={segments.some((each) => each.id === wanted) ? wanted : "in-force"}
                select={(id) => setSearch({ show: id }, { replace: true })}
              />
            );
          }}
        </Answer>
      </section>
    </Page>
  );
}

function PolicyHistory() {
  return (
    <div className="p-4">
      <HistoryPanel
        queryKey={["policy", "history"]}
        fetchPage={(after) => data(api.GET("/api/v1/policy/history", { params: { query: { after } } }))}
      />
    </div>
  );
}
