/** Bars for who sees them; the table below says the same to everybody, so a screen reader is spared these. */
import { Bar, BarChart, LabelList, ResponsiveContainer, XAxis, YAxis } from "recharts";

/** `more` is drawn behind the value, lighter: how far the slow ones go. */
export type Mark = { name: string; value: number; more?: number; words: string };

const BAR_PX = 32;

export default function Bars({ bars }: { bars: readonly Mark[] }) {
  return (
    <div aria-hidden className="px-4 pt-3 text-xs" style={{ height: BAR_PX * bars.length + 16 }}>
      <ResponsiveContainer>
        <BarChart
          data={[...bars]}
          layout="vertical"
          margin={{ left: 0, right: 92, top: 0, bottom: 0 }}
          accessibilityLayer={false}
        >
          <XAxis type="number" hide domain={[0, "dataMax"]} />
          <YAxis
            type="category"
            dataKey="name"
            width={124}
            axisLine={false}
            tickLine={false}
            tick={{ fill: "var(--color-quiet)" }}
          />
          <Bar
            dataKey="value"
            stackId="one"
            fill="var(--color-accent)"
            isAnimationActive={false}
            barSize={14}
            minPointSize={2}
          />
          <Bar
            dataKey="more"
            stackId="one"
            fill="var(--color-accent-soft)"
            isAnimationActive={false}
            barSize={14}
          >
            <LabelList dataKey="words" position="right" fill="var(--color-ink)" />
          </Bar>
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}
