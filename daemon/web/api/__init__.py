"""The console's API: one room a resource; every route names the permission it needs."""
