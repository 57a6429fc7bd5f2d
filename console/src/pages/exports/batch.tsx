/** One batch: its payments, its file with the hash that never changes, and where its delivery stands. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, Send } from "lucide-react";
import { Link } from "react-router";
import { Simulated } from "@/parts/badge";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Facts, Hash } from "@/parts/facts";
import { useMay } from "@/parts/me";
import { Money } from "@/parts/money";
import { size } from "@/parts/size";
import { Answer } from "@/parts/states";
import { day, Time } from "@/parts/time";
import { toast } from "@/parts/toasts";
import { Delivered, FORMATS, Sums } from "./shape";

type Detail = Api<"ExportDetail">;

export function BatchSheet({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ["exports", "batch", id],
    queryFn: () => data(api.GET("/api/v1/exports/{batch_id}", { params: { path: { batch_id: id } } })),
    // A delivery goes on by itself; whoever looks wants to see it arrive.
    refetchInterval: (each) => (each.state.data?.delivery?.status === "waiting" ? 5_000 : false),
  });
  return <Answer query={query}>{(batch) => <Shown batch={batch} />}</Answer>;
}

function Shown({ batch }: { batch: Detail }) {
  const days = [batch.booked_from, batch.booked_to].map((each) => (each ? day(each) : null));
  return (
    <div className="flex flex-col gap-4">
      <Facts
        facts={[
          ["Format", FORMATS[batch.format][0]],
          [
            "Made",
            <span key="made">
              <Time at={batch.made_at} />, by {batch.made_by}
            </span>,
          ],
          ["Booked", days.some(Boolean) ? `${days[0] ?? "any day"} until ${days[1] ?? "today"}` : null],
          [
            "Sum",
            <span key="sum" className="inline-flex">
              <Sums sums={batch.totals} />
            </span>,
          ],
          ["File", `${batch.file_name}, ${size(batch.size_bytes)}`],
          ["SHA-256", <Hash key="hash" value={batch.sha256} />],
        ]}
      />
      <div className="flex flex-wrap items-center gap-2">
        <a
          className="inline-flex min-h-9 items-center gap-1.5 rounded-md bg-accent-fill px-3 font-medium text-white hover:brightness-110"
          href={`/api/v1/exports/${batch.id}/file`}
          download={batch.file_name}
        >
          <Download aria-hidden size={15} /> Download
        </a>
        <Deliver batch={batch} />
      </div>
      <Items items={batch.items} />
    </div>
  );
}

function Deliver({ batch }: { batch: Detail }) {
  const may = useMay("export");
  const queries = useQueryClient();
  const settings = useQuery({
    queryKey: ["exports", "settings"],
    queryFn: () => data(api.GET("/api/v1/exports/settings")),
  });
  const deliver = useMutation({
    mutationFn: () =>
      data(api.POST("/api/v1/exports/{batch_id}/deliver", { params: { path: { batch_id: batch.id } } })),
    onSuccess: async () => {
      toast("On its way.");
      await queries.invalidateQueries({ queryKey: ["exports"] });
    },
  });
  const { delivery } = batch;
  const host = settings.data?.webhook_host;
  return (
    <>
      {may && host && delivery?.status !== "waiting" && (
        <Button busy={deliver.isPending} onPress={() => deliver.mutate()}>
          <Send aria-hidden size={15} /> {delivery ? "Deliver again" : "Deliver"} to {host}
        </Button>
      )}
      {settings.data && !host && (
        <span className="text-sm text-quiet">No webhook is set, so it is imported by hand.</span>
      )}
      {delivery && (
        <span aria-live="polite" className="flex flex-wrap items-center gap-x-2 text-sm text-quiet">
          <Delivered batch={batch} />
          {delivery.delivered_at ? <Time at={delivery.delivered_at} /> : `${delivery.attempts} attempts`}
          {delivery.problem && <span className="text-bad">{delivery.problem}</span>}
          {!delivery.delivered_at && delivery.due_at && (
            <span>
              next <Time at={delivery.due_at} />
            </span>
          )}
        </span>
      )}
    </>
  );
}

function Items({ items }: { items: Detail["items"] }) {
  return (
    <ul aria-label="Payments" className="divide-y divide-line border-t border-line">
      {items.map((item) => (
        <li key={item.payment_id} className="flex flex-wrap items-center justify-between gap-x-4 py-2">
          <span className="min-w-0 grow basis-52">
            <Link className="link block truncate font-medium" to={`/invoices/${item.invoice_id}`}>
              {item.vendor}
            </Link>
            <span className="text-sm text-quiet">{item.invoice_number ?? "No number"}</span>
          </span>
          <span className="flex items-center gap-2">
            {item.simulated && <Simulated />}
            <Money sum={item.total} className="font-medium" />
          </span>
        </li>
      ))}
    </ul>
  );
}
