// Builds the console into the web app's static files; everything is served from one origin.
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": new URL("src", import.meta.url).pathname } },
  build: {
    outDir: "../daemon/web/static/console",
    emptyOutDir: true,
    // Says which modules a page needs; the test of the first view reads it.
    manifest: "manifest.json",
    assetsDir: "assets",
    // A data: address is no place a strict policy allows scripts or fonts from.
    assetsInlineLimit: 0,
    // Browsers that matter preload modules themselves; the polyfill would only weigh.
    modulePreload: { polyfill: false },
  },
});
