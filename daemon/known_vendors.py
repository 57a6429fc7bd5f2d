"""The vendor master with a short memory of which vendor a tax id means; the vendor itself is always read fresh."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from daemon.cache import LookupCache
from schema.ids import VendorId
from schema.invoice import Vendor
from schema.store.master import MasterStore
from schema.store.pool import Database

KNOWN: Final = TypeAdapter(UUID | None)


class KnownVendors(MasterStore):
    """A master that remembers ids in Redis for seconds; emptied or away, it only asks PostgreSQL twice."""

    def __init__(self, database: Database, cache: LookupCache) -> None:
        super().__init__(database)
        self._cache = cache

    async def vendor_by_tax_id(self, tax_id: str) -> Vendor | None:
        """The vendor with this GSTIN or VAT number."""
        vendor = await self._remembered(f"tax:{tax_id}", tax_id)
        return vendor if vendor and vendor.tax_id == tax_id else await super().vendor_by_tax_id(tax_id)

    async def _remembered(self, key: str, tax_id: str) -> Vendor | None:
        async def identity() -> UUID | None:
            found = await super(KnownVendors, self).vendor_by_tax_id(tax_id)
            return found.id if found else None

        known = await self._cache.get_or(key, KNOWN, identity)
        if known is None:
            await self._cache.forget(key)  # who is unknown now may be imported in a second
            return None
        return await self.vendor(VendorId(known))
