/** The pages by their address; each is fetched when it is first wanted. */
import { QueryClientProvider } from "@tanstack/react-query";
import { type ComponentType, lazy, Suspense } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { ErrorBoundary } from "./parts/error-boundary";
import { queryClient } from "./parts/query";
import { Shell } from "./parts/shell";
import { Loading } from "./parts/states";
import { Toasts } from "./parts/toasts";

type Page = () => Promise<{ default: ComponentType }>;

/** Each page's module has the page as its default export. */
const PAGES: readonly (readonly [path: string, page: Page])[] = [
  ["/", () => import("./pages/today/page")],
  ["/upload", () => import("./pages/upload/page")],
  ["/invoices", () => import("./pages/invoices/page")],
  ["/invoices/:id", () => import("./pages/invoice/page")],
  ["/exceptions", () => import("./pages/exceptions/page")],
  ["/vendors", () => import("./pages/vendors/page")],
  ["/vendors/new", () => import("./pages/vendors/new")],
  ["/vendors/import", () => import("./pages/imports/page")],
  ["/vendors/:id", () => import("./pages/vendors/vendor")],
  ["/purchase-orders", () => import("./pages/purchase-orders/page")],
  ["/purchase-orders/new", () => import("./pages/purchase-orders/new")],
  ["/purchase-orders/import", () => import("./pages/imports/page")],
  ["/purchase-orders/:id", () => import("./pages/purchase-orders/order")],
  ["/policy", () => import("./pages/policy/page")],
  ["/audit-log", () => import("./pages/audit-log/page")],
  ["/audit-log/changes", () => import("./pages/audit-log/changes")],
  ["/people", () => import("./pages/people/page")],
  ["/insight", () => import("./pages/insight/page")],
  ["/exports", () => import("./pages/exports/page")],
  ["/settings", () => import("./pages/settings/page")],
  ["*", () => import("./pages/not-found/page")],
];
const SignIn = lazy(() => import("./pages/sign-in/page"));
const ROUTES = PAGES.map(([path, page]) => [path, lazy(page)] as const);

export function App() {
  return (
    <ErrorBoundary>
      <QueryClientProvider client={queryClient}>
        <BrowserRouter>
          <Suspense fallback={<Loading />}>
            <Routes>
              <Route path="/sign-in/*" element={<SignIn />} />
              <Route element={<Shell />}>
                {ROUTES.map(([path, Page]) => (
                  <Route key={path} path={path} element={<Page />} />
                ))}
              </Route>
            </Routes>
          </Suspense>
          <Toasts />
        </BrowserRouter>
      </QueryClientProvider>
    </ErrorBoundary>
  );
}
