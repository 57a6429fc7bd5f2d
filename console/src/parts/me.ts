/** Who is signed in, and what they may do. */
import { useQuery } from "@tanstack/react-query";
import { api, data } from "./client";

export function useMe() {
  return useQuery({ queryKey: ["me"], queryFn: () => data(api.GET("/api/v1/me")), staleTime: 60_000 });
}

/** Whether the person may do it; the server decides again, this only spares them a refusal. */
export function useMay(permission: string): boolean {
  return useMe().data?.permissions.some((each) => each === permission) ?? false;
}
