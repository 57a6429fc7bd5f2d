/** Light, dark, or as the system has it. */
import { useState } from "react";
import { applyTheme, chosenTheme, type Theme } from "@/parts/theme";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <fieldset className="flex flex-wrap gap-2 p-4">
      <legend className="sr-only">Theme</legend>
      {THEMES.map(([each, words]) => (
        <label
          key={each}
          className={`flex min-h-9 cursor-pointer items-center gap-2 rounded-md border px-3 ${theme === each ? "border-accent bg-accent-soft" : "border-line"}`}
        >
          <input
            type="radio"
            name="theme"
            className="accent-accent-fill"
            checked={theme === each}
            onChange={() => {
              applyTheme(each);
              setTheme(each);
            }}
          />
          {words}
        </label>
      ))}
    </fieldset>
  );
}
