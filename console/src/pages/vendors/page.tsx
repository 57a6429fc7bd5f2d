/** Whom we pay: the vendor master by name, and the bank details that wait for a second person. */
import { useQuery } from "@tanstack/react-query";
import { Building2, FileUp, Plus } from "lucide-react";
import { Link } from "react-router";
import { Badge } from "@/parts/badge";
import { LinkButton } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { type Api, api, data } from "@/parts/client";
import { Choice } from "@/parts/form";
import { List, useFilters, usePages } from "@/parts/list";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/page";
import { SearchField } from "@/parts/search";
import { Empty } from "@/parts/states";
import type { Column } from "@/parts/table";
import { Age, brief, moment } from "@/parts/time";

type Vendor = Api<"VendorAnswer">;

const SHOWN = [
  ["", "All vendors"],
  ["payable", "Not blocked"],
  ["blocked", "Blocked"],
  ["changing", "Bank details wait"],
] as const;
const WHICH: Readonly<Record<string, { blocked?: boolean; changing?: boolean }>> = {
  payable: { blocked: false },
  blocked: { blocked: true },
  changing: { changing: true },
};

const COLUMNS: readonly Column<Vendor>[] = [
  {
    id: "name",
    header: "Vendor",
    track: "minmax(0, 2fr)",
    cell: (row) => (
      <span className="flex flex-col leading-snug">
        <Link to={`/vendors/${row.id}`} className="truncate font-medium hover:underline">
          {row.name}
        </Link>
        <span className="truncate text-sm text-quiet">{row.tax_id ?? "No tax id"}</span>
      </span>
    ),
  },
  {
    id: "bank",
    header: "Paid into",
    track: "minmax(0, 1.6fr)",
    cell: (row) => (
      <span className="flex flex-col leading-snug">
        <span className="truncate font-mono text-sm">{row.account_masked}</span>
        <span className="truncate text-sm text-quiet">
          {row.routing} · {row.currency}
        </span>
      </span>
    ),
  },
  { id: "standing", header: "Standing", track: "minmax(0, 1.2fr)", cell: (row) => <Standing vendor={row} /> },
  {
    id: "updated",
    header: "Changed",
    track: "8.5rem",
    cell: (row) => (
      <span className="text-quiet" title={moment(row.updated_at)}>
        {brief(row.updated_at)}
      </span>
    ),
  },
];

export default function Vendors() {
  const { values, change, any } = useFilters(["q", "show"]);
  const may = useMay("vendors.edit");
  const query = usePages(["vendors", values], (after) =>
    data(
      api.GET("/api/v1/vendors", {
        params: { query: { q: values.q ?? null, ...WHICH[values.show ?? ""], after } },
      }),
    ),
  );
  return (
    <Page
      title="Vendors"
      lead="Whom we pay, and where their money goes."
      actions={
        may && (
          <>
            <LinkButton to="/vendors/import">
              <FileUp aria-hidden size={15} /> Import
            </LinkButton>
            <LinkButton look="main" to="/vendors/new">
              <Plus aria-hidden size={15} /> New vendor
            </LinkButton>
          </>
        )
      }
    >
      <Waiting />
      <List
        label="Vendors"
        query={query}
        columns={COLUMNS}
        rowKey={(row) => row.id}
        to={(row) => `/vendors/${row.id}`}
        card={(row) => <Card row={row} />}
        empty={
          any ? (
            <Empty icon={Building2} title="None fits">
              <Link className="link" to="/vendors">
                Show all
              </Link>
            </Empty>
          ) : (
            <Empty icon={Building2} title="No vendors yet">
              An invoice is paid only when its vendor is known here. Make one, or import a CSV file.
            </Empty>
          )
        }
      >
        <SearchField
          label="Search by name, alias or tax id"
          placeholder="Name, alias, tax id"
          value={values.q ?? ""}
          change={(words) => change("q", words)}
        />
        <div className="w-44">
          <Choice
            label="Which"
            hideLabel
            value={values.show ?? ""}
            onChange={(event) => change("show", event.target.value)}
            options={SHOWN}
          />
        </div>
      </List>
    </Page>
  );
}

/** Whether money may go there, in a word. */
export function Standing({ vendor }: { vendor: Vendor }) {
  if (vendor.blocked) return <Badge tone="bad">Blocked</Badge>;
  if (vendor.bank_change_id) return <Badge tone="warn">Bank details wait</Badge>;
  if (!vendor.bank_confirmed) return <Badge tone="warn">Bank details unconfirmed</Badge>;
  return <Badge tone="good">Payable</Badge>;
}

function Card({ row }: { row: Vendor }) {
  return (
    <div className="flex flex-col gap-0.5">
      <p className="flex items-baseline justify-between gap-3">
        <Link to={`/vendors/${row.id}`} className="truncate font-medium">
          {row.name}
        </Link>
        <Standing vendor={row} />
      </p>
      <p className="flex justify-between gap-3 text-sm text-quiet">
        <span className="truncate">{row.tax_id ?? "No tax id"}</span>
        <span className="shrink-0 font-mono">{row.account_masked}</span>
      </p>
    </div>
  );
}

/** Bank details that wait for a second person, and so hold their vendor's payments. */
function Waiting() {
  const query = useQuery({
    queryKey: ["bank-changes"],
    queryFn: () => data(api.GET("/api/v1/bank-changes")),
  });
  const items = query.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Callout tone="warn">
      <h2 className="font-medium">
        Bank details wait for a second person; these vendors are not paid meanwhile
      </h2>
      <ul className="mt-1 flex flex-col gap-1 text-ink">
        {items.map((item) => (
          <li key={item.id} className="flex flex-wrap gap-x-2">
            <Link className="link" to={`/vendors/${item.vendor_id}`}>
              {item.vendor_name ?? "Vendor"}
            </Link>
            <span>
              to {item.account_masked}, proposed by {item.own ? "you" : item.proposed_by}{" "}
              <Age since={item.proposed_at} suffix=" ago" />
            </span>
          </li>
        ))}
      </ul>
    </Callout>
  );
}
