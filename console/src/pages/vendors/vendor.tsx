/** One vendor: who it is, where its money goes, its orders, and every change it ever saw. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ban, LockOpen, Pencil } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Link, useParams } from "react-router";
import { Button } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { Facts } from "@/parts/facts";
import { FormProblem, TextArea } from "@/parts/form";
import { HistoryPanel } from "@/parts/history";
import { useMay } from "@/parts/me";
import { Page, Panel } from "@/parts/page";
import { Answer } from "@/parts/states";
import { Time } from "@/parts/time";
import { toast } from "@/parts/toasts";
import { BankPanel } from "./bank";
import { EditVendor } from "./edit";
import { Standing } from "./page";
import { renew, type Vendor } from "./shape";

export default function VendorPage() {
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["vendor", id],
    queryFn: () => data(api.GET("/api/v1/vendors/{vendor_id}", { params: { path: { vendor_id: id } } })),
  });
  if (query.data === undefined) {
    return (
      <Page title="Vendor">
        <section className="panel">
          <Answer query={query}>{() => null}</Answer>
        </section>
      </Page>
    );
  }
  return <Shown vendor={query.data} />;
}

function Shown({ vendor }: { vendor: Vendor }) {
  const may = useMay("vendors.edit");
  const [open, setOpen] = useState<"edit" | "block" | null>(null);
  const close = () => setOpen(null);
  const { id } = vendor;
  return (
    <Page
      title={vendor.name}
      lead={
        <>
          {vendor.tax_id ?? "No tax id"} <Standing vendor={vendor} />
        </>
      }
      actions={
        may && (
          <>
            <Button onPress={() => setOpen("edit")}>
              <Pencil aria-hidden size={15} /> Edit
            </Button>
            <Button look={vendor.blocked ? "plain" : "danger"} onPress={() => setOpen("block")}>
              {vendor.blocked ? <LockOpen aria-hidden size={15} /> : <Ban aria-hidden size={15} />}
              {vendor.blocked ? "Pay again" : "Block"}
            </Button>
          </>
        )
      }
    >
      {vendor.blocked && (
        <Callout tone="bad">Blocked: nothing is paid to this vendor, whoever approves it.</Callout>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1.35fr)_minmax(0,1fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <BankPanel vendor={vendor} />
          <Panel title="Who it is">
            <div className="p-4">
              <Facts
                facts={[
                  ["Other names", vendor.aliases.join("; ") || null],
                  ["Mail", vendor.email ?? <None key="mail" />],
                  ["Telephone", <Telephone key="phone" vendor={vendor} />],
                  ["In the master since", <Time key="since" at={vendor.created_at} />],
                ]}
              />
            </div>
          </Panel>
          <Panel title="Its papers">
            <ul className="flex flex-wrap gap-x-5 gap-y-1 p-4">
              <li>
                <Link className="link" to={`/invoices?vendor=${id}`}>
                  Invoices
                </Link>
              </li>
              <li>
                <Link className="link" to={`/purchase-orders?vendor_id=${id}`}>
                  Purchase orders
                </Link>
              </li>
            </ul>
          </Panel>
        </div>
        <HistoryPanel
          queryKey={["vendor", id, "history"]}
          fetchPage={(after) =>
            data(
              api.GET("/api/v1/vendors/{vendor_id}/history", {
                params: { path: { vendor_id: id }, query: { after } },
              }),
            )
          }
        />
      </div>
      <EditVendor vendor={vendor} open={open === "edit"} close={close} />
      <Dialog
        title={vendor.blocked ? `Pay ${vendor.name} again` : `Block ${vendor.name}`}
        open={open === "block"}
        close={close}
      >
        <Block vendor={vendor} close={close} />
      </Dialog>
    </Page>
  );
}

function Telephone({ vendor }: { vendor: Vendor }) {
  if (!vendor.phone) return <None words="None, so nobody can be called back" />;
  return (
    <>
      {vendor.phone}
      {vendor.phone_since && (
        <span className="block text-sm text-quiet">
          since <Time at={vendor.phone_since} />
        </span>
      )}
    </>
  );
}

function None({ words = "None" }: { words?: string }) {
  return <span className="text-quiet">{words}</span>;
}

function Block({ vendor, close }: { vendor: Vendor; close: () => void }) {
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const act = useMutation({
    mutationFn: () => {
      const ask = {
        params: { path: { vendor_id: vendor.id } },
        body: { version: vendor.version, reason },
      };
      return data(
        vendor.blocked
          ? api.POST("/api/v1/vendors/{vendor_id}/unblock", ask)
          : api.POST("/api/v1/vendors/{vendor_id}/block", ask),
      );
    },
    onSuccess: async (after) => {
      toast(after.blocked ? "Blocked." : "It may be paid again.");
      close();
      await renew(queries, vendor.id);
    },
    meta: { quiet: true },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <p className="text-quiet">
        {vendor.blocked
          ? "What was held meanwhile stays held until someone decides."
          : "What was approved already is held before the bank is told."}
      </p>
      <TextArea
        label="Reason"
        required
        maxLength={1000}
        autoFocus
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <FormProblem error={act.error} />
      <Button look={vendor.blocked ? "main" : "danger"} type="submit" busy={act.isPending}>
        {vendor.blocked ? "Pay again" : "Block"}
      </Button>
    </form>
  );
}
