/** What was ordered, and how much of each order its invoices have used. */
import { FileUp, Package, Plus } from "lucide-react";
import { Link } from "react-router";
import { Badge } from "@/parts/badge";
import { Button, LinkButton } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Choice } from "@/parts/form";
import { List, useFilters, usePages } from "@/parts/list";
import { useMay } from "@/parts/me";
import { Money } from "@/parts/money";
import { Page } from "@/parts/page";
import { SearchField } from "@/parts/search";
import { Empty } from "@/parts/states";
import type { Column } from "@/parts/table";
import { Used } from "./used";

type Order = Api<"OrderAnswer">;

const OPEN: Readonly<Record<string, boolean>> = { open: true, closed: false };

const COLUMNS: readonly Column<Order>[] = [
  {
    id: "order",
    header: "Order",
    track: "minmax(0, 2fr)",
    cell: (row) => (
      <span className="flex flex-col leading-snug">
        <Link to={`/purchase-orders/${row.id}`} className="truncate font-medium hover:underline">
          {row.number}
        </Link>
        <span className="truncate text-sm text-quiet">{row.description || "No description"}</span>
      </span>
    ),
  },
  { id: "vendor", header: "Vendor", track: "minmax(0, 1.6fr)", cell: (row) => row.vendor_name },
  { id: "open", header: "Standing", track: "6rem", cell: (row) => <Standing order={row} /> },
  { id: "used", header: "Used", track: "8rem", cell: (row) => <Used order={row} /> },
  {
    id: "left",
    header: "Left",
    track: "9.5rem",
    end: true,
    cell: (row) => <Money sum={row.left} className={negative(row) ? "text-bad" : ""} />,
  },
  {
    id: "total",
    header: "Total",
    track: "9.5rem",
    end: true,
    cell: (row) => <Money sum={row.total} className="font-medium" />,
  },
];

export default function PurchaseOrders() {
  const { values, change, any } = useFilters(["q", "show", "vendor_id"]);
  const may = useMay("orders.edit");
  const query = usePages(["orders", values], (after) =>
    data(
      api.GET("/api/v1/purchase-orders", {
        params: {
          query: {
            q: values.q ?? null,
            vendor_id: values.vendor_id ?? null,
            open: OPEN[values.show ?? ""] ?? null,
            after,
          },
        },
      }),
    ),
  );
  return (
    <Page
      title="Purchase orders"
      lead="An invoice for an order is paid only within what is left of it."
      actions={
        may && (
          <>
            <LinkButton to="/purchase-orders/import">
              <FileUp aria-hidden size={15} /> Import
            </LinkButton>
            <LinkButton look="main" to="/purchase-orders/new">
              <Plus aria-hidden size={15} /> New order
            </LinkButton>
          </>
        )
      }
    >
      <List
        label="Purchase orders"
        query={query}
        columns={COLUMNS}
        rowKey={(row) => row.id}
        to={(row) => `/purchase-orders/${row.id}`}
        card={(row) => <Card row={row} />}
        empty={
          any ? (
            <Empty icon={Package} title="None fits">
              <Link className="link" to="/purchase-orders">
                Show all
              </Link>
            </Empty>
          ) : (
            <Empty icon={Package} title="No purchase orders yet">
              Make one, or import a CSV file. Invoices without an order are judged by the other rules.
            </Empty>
          )
        }
      >
        <SearchField
          label="Search by number, description or vendor"
          placeholder="Number, description, vendor"
          value={values.q ?? ""}
          change={(words) => change("q", words)}
        />
        <div className="w-44">
          <Choice
            label="Which"
            hideLabel
            value={values.show ?? ""}
            onChange={(event) => change("show", event.target.value)}
            options={[
              ["", "Open and closed"],
              ["open", "Open"],
              ["closed", "Closed"],
            ]}
          />
        </div>
        {values.vendor_id && <Button onPress={() => change("vendor_id", "")}>Of all vendors</Button>}
      </List>
    </Page>
  );
}

export function Standing({ order }: { order: Order }) {
  return order.open ? <Badge tone="good">Open</Badge> : <Badge>Closed</Badge>;
}

function Card({ row }: { row: Order }) {
  return (
    <div className="flex flex-col gap-0.5">
      <p className="flex items-baseline justify-between gap-3">
        <Link to={`/purchase-orders/${row.id}`} className="truncate font-medium">
          {row.number}
        </Link>
        <Money sum={row.total} className="font-medium" />
      </p>
      <p className="flex items-center justify-between gap-3 text-sm text-quiet">
        <span className="truncate">{row.vendor_name}</span>
        <Standing order={row} />
      </p>
      <p className="flex items-center justify-between gap-3 text-sm text-quiet">
        <Used order={row} />
        <span>
          <Money sum={row.left} className={negative(row) ? "text-bad" : ""} /> left
        </span>
      </p>
    </div>
  );
}

/** Text, as amounts are never floats. */
function negative(order: Order): boolean {
  return order.left.amount.startsWith("-");
}
