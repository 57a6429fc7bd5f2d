/** One button that goes through the themes and says which one is on. */
import { Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { applyTheme, chosenTheme, type Theme } from "./theme";

const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };
const ICONS = { system: Monitor, light: Sun, dark: Moon } as const;
const WORDS = { system: "as the system", light: "light", dark: "dark" } as const;

export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme);
  const Icon = ICONS[theme];
  const label = `Theme: ${WORDS[theme]}`;
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className="grid size-8 shrink-0 place-items-center rounded-md text-quiet hover:bg-sunk hover:text-ink"
      onClick={() => {
        applyTheme(NEXT[theme]);
        setTheme(NEXT[theme]);
      }}
    >
      <Icon aria-hidden size={16} />
    </button>
  );
}
