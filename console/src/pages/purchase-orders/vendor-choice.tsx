/** Choosing a vendor of the master by typing a part of its name; arrows and Enter, as in every list box. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from "react-aria-components";
import { api, data } from "@/parts/client";

const MOST = 20;

export function VendorChoice({ choose }: { choose: (id: string | null) => void }) {
  const [words, setWords] = useState("");
  const query = useQuery({
    queryKey: ["vendors", "choice", words],
    queryFn: () => data(api.GET("/api/v1/vendors", { params: { query: { q: words || null, limit: MOST } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <ComboBox
      isRequired
      menuTrigger="focus"
      allowsEmptyCollection
      items={query.data?.items ?? []}
      inputValue={words}
      onInputChange={setWords}
      onSelectionChange={(key) => choose(key === null ? null : String(key))}
      className="flex flex-col gap-1"
    >
      <Label className="text-sm font-medium">Vendor</Label>
      <Input className="field" placeholder="Type a part of its name" />
      <Popover className="panel w-(--trigger-width) overflow-hidden shadow-lg">
        <ListBox
          className="max-h-64 overflow-auto p-1"
          renderEmptyState={() => <p className="px-2 py-1.5 text-quiet">No such vendor.</p>}
        >
          {(vendor: { id: string; name: string; tax_id: string | null }) => (
            <ListBoxItem
              id={vendor.id}
              textValue={vendor.name}
              className="flex cursor-pointer flex-col rounded-sm px-2 py-1.5 data-[focused]:bg-accent-soft"
            >
              <span className="truncate">{vendor.name}</span>
              <span className="text-sm text-quiet">{vendor.tax_id ?? "No tax id"}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
