"""The policy that is in force at this moment: the one put in force in the console, or else the policy file."""

from __future__ import annotations

from dataclasses import replace

from handlers.world import World


async def with_policy_in_force(world: World) -> World:
    """The world with the policy of this moment, so that a step and its record name the same version."""
    policy = await world.store.policies.in_force()
    return world if policy is None else replace(world, policy=policy)
