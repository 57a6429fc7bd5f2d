/** Who is signed in, and what they may do. */
import { useQuery } from "@tanstack/react-query";
import { type Api, api, data } from "./client";

export function useMe() {
  return useQuery({ queryKey: ["me"], queryFn: () => data(api.GET("/api/v1/me")), staleTime: 60_000 });
}

export type Permission = Api<"Permission">;

/** Whether the person may do it; the server decides again, this only spares them a refusal. */
export function useMay(permission: Permission): boolean {
  return useMe().data?.may.includes(permission) ?? false;
}
