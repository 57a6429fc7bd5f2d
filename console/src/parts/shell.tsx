/** The frame around every page of a person who is signed in: navigation, theme, keyboard, live news. */
import { Menu } from "lucide-react";
import { Suspense, useEffect, useRef, useState } from "react";
import { Link, NavLink, Outlet, useLocation, useNavigate } from "react-router";
import { Dialog } from "./dialog";
import { ErrorBoundary } from "./error-boundary";
import { type Counts, type Live, useCounts, useEvents } from "./events";
import { KeyboardHelp, useShortcuts } from "./keys";
import { Mark } from "./mark";
import { useMe } from "./me";
import { PLACES, type Place } from "./navigation";
import { Answer, Loading } from "./states";
import { StepUp } from "./step-up";
import { ThemeSwitch } from "./theme-switch";

const LIVE: Readonly<Record<Live, string>> = {
  connecting: "connecting",
  live: "live",
  lost: "connecting again",
};
const ON_PHONE = ["/", "/invoices", "/exceptions", "/upload"];

/** The groups of places, without those that are not this person's. */
function usePlaces() {
  const may = useMe().data?.may ?? [];
  return PLACES.map(({ title, places }) => ({
    title,
    places: places.filter(({ needs }) => !needs || may.includes(needs)),
  })).filter(({ places }) => places.length > 0);
}

export function Shell() {
  const me = useMe();
  const navigate = useNavigate();
  const all = usePlaces().flatMap((group) => group.places);
  const live = useEvents(me.isSuccess);
  useShortcuts(
    all.map((place) => ({
      keys: `g ${place.key}`,
      words: `Go to ${place.words}`,
      run: () => navigate(place.to),
    })),
  );
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[13.5rem_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-panel focus:p-2"
      >
        Skip to content
      </a>
      <Sidebar live={live} />
      <Content>
        <Answer query={me}>{() => <Outlet />}</Answer>
      </Content>
      <PhoneBar />
      <KeyboardHelp />
      <StepUp />
    </div>
  );
}

/** The page; after each change of address the focus is at its start, as after a load. */
function Content({ children }: { children: React.ReactNode }) {
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs for each new address
  useEffect(() => {
    if (!first.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    first.current = false;
  }, [pathname]);
  return (
    <main ref={main} id="content" tabIndex={-1} className="min-w-0 pb-20 outline-none md:pb-4">
      <ErrorBoundary key={pathname}>
        <Suspense fallback={<Loading />}>{children}</Suspense>
      </ErrorBoundary>
    </main>
  );
}

function Sidebar({ live }: { live: Live }) {
  const me = useMe();
  return (
    <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line bg-panel md:flex">
      <Link to="/" className="flex items-center gap-2 px-4 pt-4 pb-3 font-semibold tracking-tight">
        <Mark /> Countersign
      </Link>
      <nav aria-label="Main" className="flex grow flex-col gap-3 overflow-y-auto px-2 pb-3">
        <Places />
      </nav>
      <div className="flex items-center justify-between gap-2 border-t border-line py-2.5 pr-2 pl-4">
        <div className="min-w-0">
          <p className="truncate font-medium">{me.data?.name ?? " "}</p>
          <p className="truncate text-xs text-quiet">
            {me.data?.role ?? " "} · {LIVE[live]}
          </p>
        </div>
        <ThemeSwitch />
      </div>
    </aside>
  );
}

/** What waits for people at a place, as the news count it; nothing where nothing waits. */
const WAITING: Readonly<Record<string, readonly [of: keyof Counts, words: string]>> = {
  "/": ["asked", "wait for approval"],
  "/exceptions": ["held", "held"],
};

function Waiting({ to, className }: { to: string; className: string }) {
  const counts = useCounts();
  const [of, words] = WAITING[to] ?? [];
  const many = of && counts?.[of];
  if (!many) return null;
  return (
    <span
      className={`rounded-full bg-accent-soft px-1.5 text-xs font-medium text-accent tabular-nums ${className}`}
    >
      {many > 99 ? "99+" : many}
      <span className="sr-only"> {words}</span>
    </span>
  );
}

function Places({ onGo }: { onGo?: () => void }) {
  return usePlaces().map((group) => (
    <div key={group.title}>
      <p className="px-2 pb-0.5 text-xs text-quiet">{group.title}</p>
      <ul>
        {group.places.map((place) => (
          <li key={place.to}>
            <NavLink
              to={place.to}
              end={place.to === "/"}
              {...(onGo ? { onClick: onGo } : {})}
              className={({ isActive }) =>
                `flex min-h-8 items-center gap-2.5 rounded-md px-2 max-md:min-h-11 ${isActive ? "bg-accent-soft font-medium text-accent" : "hover:bg-sunk"}`
              }
            >
              <place.icon aria-hidden size={16} strokeWidth={1.8} />
              {place.words}
              <Waiting to={place.to} className="ml-auto" />
            </NavLink>
          </li>
        ))}
      </ul>
    </div>
  ));
}

/** On a phone: what one does on the way, at the thumb; the rest behind one more tap. */
function PhoneBar() {
  const [open, setOpen] = useState(false);
  const places = usePlaces()
    .flatMap((group) => group.places)
    .filter((place) => ON_PHONE.includes(place.to));
  return (
    <>
      <nav
        aria-label="Main, short"
        className="fixed inset-x-0 bottom-0 z-40 grid auto-cols-fr grid-flow-col border-t border-line bg-panel pb-[env(safe-area-inset-bottom)] md:hidden"
      >
        {places.map((place) => (
          <PhoneLink key={place.to} place={place} />
        ))}
        <button
          type="button"
          aria-haspopup="dialog"
          onClick={() => setOpen(true)}
          className="flex min-h-14 flex-col items-center justify-center gap-0.5 text-xs text-quiet"
        >
          <Menu aria-hidden size={19} strokeWidth={1.8} />
          More
        </button>
      </nav>
      <Dialog title="Go to" open={open} close={() => setOpen(false)} sheet>
        <nav aria-label="All pages" className="flex flex-col gap-3">
          <Places onGo={() => setOpen(false)} />
        </nav>
        <div className="mt-3 flex items-center justify-between border-t border-line pt-3">
          Theme <ThemeSwitch />
        </div>
      </Dialog>
    </>
  );
}

function PhoneLink({ place }: { place: Place }) {
  return (
    <NavLink
      to={place.to}
      end={place.to === "/"}
      className={({ isActive }) =>
        `flex min-h-14 flex-col items-center justify-center gap-0.5 text-xs ${isActive ? "font-medium text-accent" : "text-quiet"}`
      }
    >
      <span className="relative">
        <place.icon aria-hidden size={19} strokeWidth={1.8} />
        <Waiting to={place.to} className="absolute -top-1.5 left-3" />
      </span>
      {place.words}
    </NavLink>
  );
}
