/** Where one can go, for whom, and by which keys. */
import {
  BarChart3,
  Building2,
  CalendarCheck2,
  FileText,
  type LucideIcon,
  Package,
  ScrollText,
  Settings,
  Share,
  ShieldCheck,
  TriangleAlert,
  Upload,
  Users,
} from "lucide-react";
import type { Permission } from "./me";

export type Place = {
  to: string;
  words: string;
  icon: LucideIcon;
  /** Follows `g`. */
  key: string;
  /** Left out for who lacks it; the server refuses them, too. */
  needs?: Permission;
};

export const PLACES: readonly { title: string; places: readonly Place[] }[] = [
  {
    title: "Work",
    places: [
      { to: "/", words: "Today", icon: CalendarCheck2, key: "t" },
      { to: "/invoices", words: "Invoices", icon: FileText, key: "i" },
      { to: "/exceptions", words: "Exceptions", icon: TriangleAlert, key: "e" },
      { to: "/upload", words: "Upload", icon: Upload, key: "u", needs: "upload" },
    ],
  },
  {
    title: "Masters",
    places: [
      { to: "/vendors", words: "Vendors", icon: Building2, key: "v" },
      { to: "/purchase-orders", words: "Purchase orders", icon: Package, key: "o" },
    ],
  },
  {
    title: "Control",
    places: [
      { to: "/policy", words: "Policy", icon: ShieldCheck, key: "p" },
      { to: "/people", words: "People", icon: Users, key: "m" },
      { to: "/audit-log", words: "Audit log", icon: ScrollText, key: "a", needs: "audit.read" },
    ],
  },
  {
    title: "Reports",
    places: [
      { to: "/insight", words: "Insight", icon: BarChart3, key: "n" },
      { to: "/exports", words: "Exports", icon: Share, key: "x", needs: "audit.read" },
    ],
  },
  { title: "You", places: [{ to: "/settings", words: "Settings", icon: Settings, key: "s" }] },
];
