/** A question over the page: the browser's own modal dialog, which keeps focus in and closes on Escape. */
import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";

type Props = {
  title: string;
  open: boolean;
  close: () => void;
  children: ReactNode;
  /** From the side or the bottom instead of the middle. */
  sheet?: boolean;
  wide?: boolean;
};

export function Dialog({ title, open, close, children, sheet = false, wide = false }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (!open || !dialog || dialog.open) return;
    dialog.showModal();
    // The first thing to fill in, rather than the button that closes.
    dialog.querySelector<HTMLElement>("textarea, input, select")?.focus();
  }, [open]);
  if (!open) return null;
  const place = sheet ? "mb-0 max-w-full w-full rounded-b-none md:mx-auto md:max-w-lg" : "";
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onClose={close}
      onCancel={close}
      onPointerDown={(event) => event.target === event.currentTarget && close()}
      className={`panel m-auto max-h-[88dvh] w-[calc(100%-1.5rem)] overflow-auto p-0 text-ink shadow-2xl ${wide ? "max-w-4xl" : "max-w-lg"} ${place}`}
    >
      <div className="flex items-center justify-between gap-3 border-b border-line py-2 pr-2 pl-4">
        <h2 id={id} className="font-semibold">
          {title}
        </h2>
        <button
          type="button"
          aria-label="Close"
          className="grid size-8 place-items-center rounded-md text-quiet hover:bg-sunk"
          onClick={close}
        >
          <X aria-hidden size={17} />
        </button>
      </div>
      <div className="p-4">{children}</div>
    </dialog>
  );
}
