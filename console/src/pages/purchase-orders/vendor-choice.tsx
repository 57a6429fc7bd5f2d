/** Choosing a vendor of the master by typing a part of its name (WAI-ARIA's pattern of an editable combobox). */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useId, useState } from "react";
import { api, data } from "@/parts/client";

const MOST = 20;

export function VendorChoice({ choose }: { choose: (id: string | null) => void }) {
  const id = useId();
  const [words, setWords] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const query = useQuery({
    queryKey: ["vendors", "choice", words],
    queryFn: () => data(api.GET("/api/v1/vendors", { params: { query: { q: words || null, limit: MOST } } })),
    placeholderData: keepPreviousData,
  });
  const vendors = query.data?.items ?? [];
  const close = () => {
    setOpen(false);
    setAt(-1);
  };
  const take = (vendor: { id: string; name: string } | undefined) => {
    if (!vendor) return;
    setWords(vendor.name);
    choose(vendor.id);
    close();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      setOpen(true);
      setAt(Math.min(Math.max(at + step, 0), vendors.length - 1));
    } else if (event.key === "Enter" && open) take(vendors[at]);
    else if (event.key === "Escape" && open) close();
    else return;
    event.preventDefault();
  };
  return (
    <div className="relative flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        Vendor
      </label>
      <input
        id={id}
        role="combobox"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && vendors[at] ? `${id}-${at}` : undefined}
        autoComplete="off"
        required
        className="field"
        placeholder="Type a part of its name"
        value={words}
        onChange={(event) => {
          setWords(event.target.value);
          choose(null);
          setOpen(true);
          setAt(-1);
        }}
        onFocus={() => setOpen(true)}
        onBlur={close}
        onKeyDown={onKey}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label="Vendors"
        hidden={!open}
        className="panel absolute inset-x-0 top-full z-10 mt-1 max-h-64 overflow-auto p-1 shadow-lg"
      >
        {vendors.map((vendor, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard stays in the field, as the pattern has it
          <div
            key={vendor.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            // Before the field loses the focus, which closes the list.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => take(vendor)}
            className={`flex cursor-pointer flex-col rounded-sm px-2 py-1.5 ${index === at ? "bg-accent-soft" : "hover:bg-sunk"}`}
          >
            <span className="truncate">{vendor.name}</span>
            <span className="text-sm text-quiet">{vendor.tax_id ?? "No tax id"}</span>
          </div>
        ))}
        {query.data && vendors.length === 0 && <p className="px-2 py-1.5 text-quiet">No such vendor.</p>}
      </div>
    </div>
  );
}
