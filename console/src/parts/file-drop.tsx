/** A place to drop files on, with a button that does the same for everybody else. */
import { FileUp } from "lucide-react";
import { type DragEvent, useRef, useState } from "react";
import { Button } from "./button";

type Props = {
  /** Names the file field for who cannot see it. */
  label: string;
  words: string;
  help: string;
  accept: string;
  multiple?: boolean;
  take: (files: readonly File[]) => void;
};

export function FileDrop({ label, words, help, accept, multiple = false, take }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take([...event.dataTransfer.files]);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is the mouse's way; the button below is everybody's
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={`flex flex-col items-center gap-3 rounded-lg border-2 border-dashed px-6 py-12 text-center ${over ? "border-accent bg-accent-soft" : "border-line bg-panel"}`}
    >
      <FileUp aria-hidden size={30} strokeWidth={1.5} className="text-quiet" />
      <p className="font-medium">{words}</p>
      <Button look="main" onPress={() => input.current?.click()}>
        {multiple ? "Choose files" : "Choose a file"}
      </Button>
      <p className="text-sm text-quiet">{help}</p>
      <input
        ref={input}
        type="file"
        multiple={multiple}
        accept={accept}
        aria-label={label}
        tabIndex={-1}
        className="sr-only"
        onChange={(event) => {
          take([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
    </div>
  );
}
