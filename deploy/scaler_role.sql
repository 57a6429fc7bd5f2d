-- KEDA's own role, which may see when invoices are due and nothing else of them: run it as a superuser of the server,
-- connected to the application's database, after `countersign migrate`. It is safe to run again.
--
--     psql -d countersign -f deploy/scaler_role.sql
--     psql -d countersign -c '\password countersign_scaler'

do $$
begin
    create role countersign_scaler login connection limit 5;
exception when duplicate_object or unique_violation then null;
end $$;
grant usage on schema public to countersign_scaler;
grant select (state, due_at) on public.invoices to countersign_scaler;
