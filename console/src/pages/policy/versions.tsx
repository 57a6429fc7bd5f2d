/** What was in force when, by whose hand and why; each can be read and compared with the one before it. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Badge } from "@/parts/badge";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { Changes } from "@/parts/history";
import { rowsOf, usePages } from "@/parts/list";
import { Answer, Failing, Loading } from "@/parts/states";
import { Time } from "@/parts/time";
import { Diff } from "./diff";
import { Source } from "./in-force";

type Activation = Api<"ActivationAnswer">;
/** A version to read, or two to compare. */
type Look = { version: string; before?: string };

export function Versions() {
  const [look, setLook] = useState<Look | null>(null);
  const query = usePages(["policy", "versions"], (after) =>
    data(api.GET("/api/v1/policy/versions", { params: { query: { after } } })),
  );
  const all = rowsOf(query);
  return (
    <>
      {query.isPending && <Loading lines={3} />}
      {query.error && <Failing error={query.error} again={() => void query.refetch()} />}
      <ol className="divide-y divide-line">
        {all.map((each, index) => (
          <Version key={each.seq} activation={each} before={all[index + 1]?.version} look={setLook} />
        ))}
      </ol>
      {query.hasNextPage && (
        <Button look="bare" busy={query.isFetchingNextPage} onPress={() => void query.fetchNextPage()}>
          Show older
        </Button>
      )}
      <Dialog
        wide
        title={look?.before ? `${look.before} became ${look.version}` : `Version ${look?.version}`}
        open={look !== null}
        close={() => setLook(null)}
      >
        {look && (look.before ? <Compared {...look} before={look.before} /> : <Read {...look} />)}
      </Dialog>
    </>
  );
}

function Version(props: { activation: Activation; before: string | undefined; look: (look: Look) => void }) {
  const { activation, before, look } = props;
  const { version } = activation;
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2">
          <code className="font-mono font-medium">{version}</code>
          {activation.in_force && <Badge tone="good">In force</Badge>}
        </p>
        <p className="text-sm text-quiet">
          {activation.activated_at ? (
            <>
              by {activation.activated_by}, <Time at={activation.activated_at} />
            </>
          ) : (
            "the policy file"
          )}
        </p>
        {activation.note && <p className="break-words">{activation.note}</p>}
      </div>
      <div className="flex gap-2">
        <Button aria-label={`Read version ${version}`} onPress={() => look({ version })}>
          Read
        </Button>
        {before && (
          <Button
            aria-label={`Compare version ${version} with the one before`}
            onPress={() => look({ version, before })}
          >
            Compare
          </Button>
        )}
      </div>
    </li>
  );
}

function Read({ version }: Look) {
  const query = useQuery({
    queryKey: ["policy", "version", version],
    queryFn: () => data(api.GET("/api/v1/policy/versions/{version}", { params: { path: { version } } })),
  });
  return <Answer query={query}>{(policy) => <Source text={policy.text} />}</Answer>;
}

function Compared({ version, before }: Required<Look>) {
  const query = useQuery({
    queryKey: ["policy", "diff", before, version],
    queryFn: () => data(api.GET("/api/v1/policy/diff", { params: { query: { before, after: version } } })),
  });
  return (
    <Answer query={query}>
      {(diff) => (
        <div className="flex flex-col gap-4">
          <Changes changes={diff.changes} />
          <Diff lines={diff.diff} />
        </div>
      )}
    </Answer>
  );
}
