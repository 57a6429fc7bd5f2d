/** Where the console begins: the theme first, so that nothing flashes, then the application. */
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { applyTheme } from "./parts/theme";
import "./style.css";

applyTheme();
const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
