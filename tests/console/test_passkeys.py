"""Passkeys in the browser, with Chromium's own virtual authenticator: made, signed in with, and asked for again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from playwright.async_api import CDPSession, expect

from schema.people import Role
from tests.console.console_rig import Console, Watched
from tests.integration.master_rig import called_and_cooled


@asynccontextmanager
async def with_device(console: Console) -> AsyncIterator[tuple[Watched, CDPSession, str]]:
    """A tab of the approver at the console by name, which passkeys need, on a device with a fingerprint."""
    named = replace(console, origin=console.origin.replace("127.0.0.1", "localhost"))
    async with named.visit(Role.APPROVER) as watched:
        device = await watched.page.context.new_cdp_session(watched.page)
        await device.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = await device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        yield watched, device, made["authenticatorId"]


async def enrol(watched: Watched) -> None:
    await watched.open("/settings")
    await watched.page.get_by_label("Name of a new passkey").fill("Work laptop")
    await watched.page.get_by_role("button", name="Make a passkey").click()
    await expect(watched.page.get_by_text("The passkey is yours.")).to_be_visible()


async def age_proofs(console: Console) -> None:
    """Make each proof of identity older than it may be."""
    await console.api.web.rows("update sessions set stepped_up_at = now() - interval '11 minutes'")


async def test_a_passkey_is_made_and_signs_in(own_console: Console) -> None:
    async with with_device(own_console) as (watched, device, authenticator):
        await enrol(watched)
        await expect(watched.page.get_by_role("button", name="Remove Work laptop")).to_be_visible()
        kept = await device.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
        (credential,) = kept["credentials"]
        assert (credential["rpId"], credential["isResidentCredential"]) == ("localhost", True)
        await watched.page.context.clear_cookies()
        await watched.open("/sign-in?next=/vendors")
        await watched.page.get_by_role("button", name="Use a passkey").click()
        await watched.page.wait_for_url("**/vendors")
        await watched.settled()
        await expect(watched.page.get_by_text("Arjun")).to_be_visible()
        assert watched.complaints == []


async def test_who_turns_the_passkey_away_is_not_signed_in(own_console: Console) -> None:
    async with with_device(own_console) as (watched, device, authenticator):
        await enrol(watched)
        await watched.page.context.clear_cookies()
        await device.send(
            "WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False}
        )
        await watched.open("/sign-in")
        watched.forget()
        button = watched.page.get_by_role("button", name="Use a passkey")
        await button.click()
        await expect(button).to_be_enabled()
        assert "/sign-in" in watched.page.url
        assert "/api/v1/sign-in/passkey" not in {path for path, _ in watched.answers}


async def test_new_bank_details_are_confirmed_with_a_passkey(own_console: Console) -> None:
    town = own_console.api.web.town
    town.clock.pass_(
        hours=-25
    )  # it was proposed yesterday, so that it has cooled off by the app's clock, too
    change = await called_and_cooled(town)
    async with with_device(own_console) as (watched, _, _authenticator):
        await enrol(watched)
        await age_proofs(own_console)
        page = watched.page
        await watched.open(f"/vendors/{own_console.rows.vendor}")
        await page.get_by_label("Note for the history").fill("Called Mr Rao")
        await page.get_by_role("button", name="Confirm").click()
        dialog = page.get_by_role("dialog", name="Is it you?")
        await dialog.get_by_role("button", name="Use a passkey").click()
        await expect(page.get_by_text("Confirmed. It may be paid again.")).to_be_visible()
        await expect(dialog).to_have_count(0)
        # Ten minutes on, it is asked again; closing the question changes nothing.
        await age_proofs(own_console)
        await watched.open("/settings")
        await page.get_by_role("button", name="Remove Work laptop").click()
        await dialog.wait_for()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Remove Work laptop")).to_be_visible()
        assert watched.complaints == []
    ((status, by),) = await own_console.api.web.rows(
        "select status, closed_by_address from bank_changes where id = $1", change.id
    )
    assert (status, by) == ("confirmed", "arjun@meridian.example")
