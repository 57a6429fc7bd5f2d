/** Where one is signed in, each to be ended. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { MonitorSmartphone } from "lucide-react";
import { Badge } from "@/parts/badge";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { Panel } from "@/parts/page";
import { Answer } from "@/parts/states";
import { Age } from "@/parts/time";

export function Sessions() {
  const queries = useQueryClient();
  const query = useQuery({ queryKey: ["sessions"], queryFn: () => data(api.GET("/api/v1/sessions")) });
  const end = useMutation({
    mutationFn: (id: string) =>
      data(api.DELETE("/api/v1/sessions/{session_id}", { params: { path: { session_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  return (
    <Panel title="Signed in">
      <Answer query={query}>
        {({ items }) => (
          <ul className="divide-y divide-line">
            {items.map((each) => (
              <li key={each.id} className="flex items-center gap-3 px-4 py-2.5">
                <MonitorSmartphone aria-hidden size={16} className="shrink-0 text-quiet" />
                <span className="min-w-0 grow">
                  <span className="block truncate">{each.agent || "Unknown browser"}</span>
                  <span className="text-sm text-quiet">
                    by {each.method}, seen <Age since={each.seen_at} suffix=" ago" />
                  </span>
                </span>
                {each.current ? (
                  <Badge tone="good">this one</Badge>
                ) : (
                  <Button onPress={() => end.mutate(each.id)}>End</Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </Panel>
  );
}
