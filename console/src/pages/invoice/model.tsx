/** What the model said: its report and its list of actions, masked, and always marked as the model's. */
import { Bot } from "lucide-react";
import { Badge, type Tone } from "@/parts/badge";
import { Callout } from "@/parts/callout";
import { Facts, Hash } from "@/parts/facts";
import { Empty } from "@/parts/states";
import type { Invoice } from "./shape";

const VERDICTS: Readonly<Record<string, Tone>> = {
  consistent: "good",
  suspicious: "bad",
  insufficient: "warn",
};

export function Model({ invoice }: { invoice: Invoice }) {
  const { model } = invoice;
  if (!model)
    return <Empty title="The model was not asked">It sees masked facts once the document is read.</Empty>;
  const { report } = model;
  return (
    <div className="flex flex-col gap-4 p-4">
      <p className="flex items-center gap-2 text-sm text-quiet">
        <Bot aria-hidden size={15} />
        Written by {model.served_model}, from masked facts. It proposes; the rules decide.
      </p>
      {model.refusal && <Callout tone="warn">Its list was refused: {model.refusal}</Callout>}
      {report && (
        <section className="flex flex-col gap-2">
          <h3 className="heading flex items-center gap-2">
            Its report <Badge tone={VERDICTS[report.verdict] ?? "calm"}>{report.verdict}</Badge>{" "}
            <Badge>{report.risk} risk</Badge>
          </h3>
          <p className="break-words">{report.summary}</p>
          <ul className="flex flex-col gap-1">
            {report.checks.map((check) => (
              <li key={check.code} className="grid grid-cols-[auto_6rem_minmax(0,1fr)] items-baseline gap-2">
                <Badge tone={check.ok ? "good" : "warn"}>{check.ok ? "fits" : "differs"}</Badge>
                <span className="text-quiet">{check.code.replaceAll("_", " ")}</span>
                <span className="break-words">{check.note}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="flex flex-col gap-2">
        <h3 className="heading flex items-center gap-2">
          Its list of actions
          {model.accepted !== null && (
            <Badge tone={model.accepted ? "good" : "bad"}>{model.accepted ? "accepted" : "refused"}</Badge>
          )}
        </h3>
        <ol className="flex flex-col gap-1 font-mono text-xs">
          {model.actions.map((action, index) => (
            <li key={JSON.stringify(action)} className="break-words">
              <span className="mr-2 text-quiet">{index + 1}</span>
              {Object.values(action).map(String).join(" ")}
            </li>
          ))}
        </ol>
      </section>
      <Facts
        facts={[
          ["Asked for", model.requested_model],
          ["Served by", model.provider],
          ["Cost", model.cost_usd && `$${model.cost_usd}`],
          ["Request", <Hash key="request" value={model.request_sha256} />],
          ["Response", <Hash key="response" value={model.response_sha256} />],
        ]}
      />
    </div>
  );
}
