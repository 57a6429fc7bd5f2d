/** One purchase order: its terms, what its invoices have used of it, and every change. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Link, useParams } from "react-router";
import { Button } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { type Api, api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { Facts } from "@/parts/facts";
import { FormProblem, TextArea, TextField } from "@/parts/form";
import { HistoryPanel } from "@/parts/history";
import { useMay } from "@/parts/me";
import { Money } from "@/parts/money";
import { Page, Panel } from "@/parts/page";
import { Answer } from "@/parts/states";
import { Time } from "@/parts/time";
import { toast } from "@/parts/toasts";
import { Standing } from "./page";
import { Used } from "./used";

type Order = Api<"OrderAnswer">;

export default function OrderPage() {
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["order", id],
    queryFn: () =>
      data(api.GET("/api/v1/purchase-orders/{order_id}", { params: { path: { order_id: id } } })),
  });
  if (query.data === undefined) {
    return (
      <Page title="Purchase order">
        <section className="panel">
          <Answer query={query}>{() => null}</Answer>
        </section>
      </Page>
    );
  }
  return <Shown order={query.data} />;
}

function Shown({ order }: { order: Order }) {
  const may = useMay("orders.edit");
  const [editing, setEditing] = useState(false);
  const save = useSave(order);
  const over = order.left.amount.startsWith("-");
  return (
    <Page
      title={order.number}
      lead={
        <>
          {order.description || "No description"} <Standing order={order} />
        </>
      }
      actions={
        may && (
          <>
            <Button onPress={() => setEditing(true)}>Edit</Button>
            <Button
              busy={save.isPending && !editing}
              onPress={() => save.mutate({ version: order.version, open: !order.open })}
            >
              {order.open ? "Close" : "Open again"}
            </Button>
          </>
        )
      }
    >
      {over && <Callout tone="bad">Its invoices use more than its total.</Callout>}
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1.35fr)_minmax(0,1fr)]">
        <Panel title="Terms">
          <div className="flex flex-col gap-4 p-4">
            <Facts
              facts={[
                [
                  "Vendor",
                  <Link key="vendor" className="link" to={`/vendors/${order.vendor_id}`}>
                    {order.vendor_name}
                  </Link>,
                ],
                ["Tax id", order.vendor_tax_id],
                ["Total", <Money key="total" sum={order.total} className="font-medium" />],
                ["Used by its invoices", <Money key="used" sum={order.used} />],
                ["Left", <Money key="left" sum={order.left} className={over ? "text-bad" : ""} />],
                ["In the master since", <Time key="since" at={order.created_at} />],
              ]}
            />
            <Used order={order} />
            <Link className="link self-start" to={`/invoices?q=${encodeURIComponent(order.number)}`}>
              Its invoices
            </Link>
          </div>
        </Panel>
        <HistoryPanel
          queryKey={["order", order.id, "history"]}
          fetchPage={(after) =>
            data(
              api.GET("/api/v1/purchase-orders/{order_id}/history", {
                params: { path: { order_id: order.id }, query: { after } },
              }),
            )
          }
        />
      </div>
      <Dialog title={`Edit ${order.number}`} open={editing} close={() => setEditing(false)}>
        <Edit order={order} close={() => setEditing(false)} />
      </Dialog>
    </Page>
  );
}

function useSave(order: Order, quiet = false) {
  const queries = useQueryClient();
  const renew = () =>
    Promise.all([["orders"], ["order", order.id]].map((queryKey) => queries.invalidateQueries({ queryKey })));
  return useMutation({
    mutationFn: (body: Api<"OrderEdit">) =>
      data(
        api.PATCH("/api/v1/purchase-orders/{order_id}", { params: { path: { order_id: order.id } }, body }),
      ),
    onSuccess: async () => {
      toast("Saved.");
      await renew();
    },
    // Refused as stale: what is on the page is no longer so.
    onError: renew,
    meta: { quiet },
  });
}

function Edit({ order, close }: { order: Order; close: () => void }) {
  // The version that the fields were filled from, not the newest: a stale form must not win.
  const [seen] = useState(order.version);
  const [amount, setAmount] = useState(order.total.amount);
  const [description, setDescription] = useState(order.description);
  const save = useSave(order, true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const total = { amount, currency: order.total.currency };
    save.mutate({ version: seen, total, description }, { onSuccess: close });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextField
        label={`Total in ${order.total.currency}`}
        inputMode="decimal"
        pattern="[0-9]+([.][0-9]{1,3})?"
        required
        value={amount}
        onChange={(event) => setAmount(event.target.value)}
      />
      <TextArea
        label="Description"
        rows={2}
        maxLength={1000}
        value={description}
        onChange={(event) => setDescription(event.target.value)}
      />
      <FormProblem error={save.error} />
      <div className="flex gap-2">
        <Button look="main" type="submit" busy={save.isPending}>
          Save
        </Button>
        <Button look="bare" onPress={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
