/** What became of a file that was handed in: its invoices as they stand now, and what could be none. */
import { Link } from "react-router";
import { Badge, State, type Tone } from "@/parts/badge";
import type { Api } from "@/parts/client";

type Upload = Api<"UploadItem">;

const OUTCOMES: Readonly<Record<Upload["outcome"], readonly [words: string, tone: Tone]>> = {
  taken: ["taken in", "good"],
  known: ["came before", "warn"],
  refused: ["refused", "bad"],
};

export function OutcomeBadge({ upload }: { upload: Upload }) {
  const [words, tone] = OUTCOMES[upload.outcome];
  return <Badge tone={tone}>{words}</Badge>;
}

export function Outcome({ upload }: { upload: Upload }) {
  return (
    <div className="flex flex-col gap-1 text-sm">
      {upload.reason && <p className="break-words text-quiet">{upload.reason}</p>}
      {upload.invoices.map((invoice) => (
        <p key={invoice.id} className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <Link className="link" to={`/invoices/${invoice.id}`}>
            {invoice.number ?? invoice.document}
          </Link>
          <State state={invoice.state} />
        </p>
      ))}
      {upload.left_out.map((each) => (
        <p key={`${each.name}${each.reason}`} className="break-words text-quiet">
          {each.name}: {each.reason}
        </p>
      ))}
    </div>
  );
}
