"""The control API, `/_esmcfn/...`: health, state, reset, clock, faults, break, pages. Loopback and token only."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from esmcfn.sandbox.faults import CATALOG
from esmcfn.sandbox.pace import Pace
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import UNKEPT, Json, Unwritable

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

PACES = ("change_set_seconds", "stack_seconds", "resource_seconds")
YEAR = 365 * 24 * 3600.0
SETTINGS = {
    "advance_seconds": 10 * YEAR,
    "speed": 1e6,
    "endpoint_seconds": YEAR,
    **dict.fromkeys(PACES, YEAR),
}
"""What the clock takes, and the most of it: time that runs past the calendar answers nobody any more."""
LAST = 250_000_000_000.0
"""The last moment the clock can be pushed to, in the year 9892."""


class Control:
    """Answers the control API.

    A request needs the server's token, so that no web page in a browser on this machine can reach it.
    """

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.started = time.time()
        self._routes: dict[tuple[str, str], Callable[[Json], Mapping[str, Any]]] = {
            ("GET", "health"): self._health,
            ("GET", "state"): self._state,
            ("POST", "reset"): self._reset,
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._set_clock,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "break"): self._break,
            ("POST", "pages"): self._pages,
            ("POST", "seed"): self._seed,
        }

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        what = request.path.removeprefix("/_esmcfn/")
        route = self._routes.get((request.method, what))
        if request.headers.get("X-Esmcfn-Token") != self.token:
            return _json({"message": "wrong or missing X-Esmcfn-Token"}, 403)
        if route is None:
            return _json({"message": f"no {request.method} {request.path}"}, 404)
        try:
            body = json.loads(request.get_data() or b"{}")  # whatever type it says it has, as curl does
            if what == "health":
                return _json(self._health({}), 200)  # without the lock: it must answer while another request works
            with self.world.lock, self.world.store.together():
                self.world.settle()
                return _json(route(body), 200)
        except Unwritable as error:
            return _json({"message": str(error)}, UNKEPT)
        except (Refusal, ValueError, LookupError, TypeError, AttributeError) as error:
            return _json({"message": error.message if isinstance(error, Refusal) else f"bad request: {error}"}, 400)

    def _health(self, _: Json) -> Mapping[str, Any]:
        return {
            "token": self.token,
            "pid": os.getpid(),
            "uptime_seconds": time.time() - self.started,
            "stacks": sum(not stack.deleted for stack in tuple(self.world.cloudformation.stacks.values())),
            "faults": [fault.name for fault in self.world.faults.active],
            "problem": self.world.store.problem,
        }

    def _state(self, _: Json) -> Mapping[str, Any]:
        owners = {
            (stack.region, resource.physical_id): stack.name
            for stack in self.world.cloudformation.stacks.values()
            if not stack.deleted
            for resource in stack.resources.values()
        }
        return {
            "account": self.world.account,
            "now": self.world.clock.now(),
            "stacks": [
                {"id": stack.id, "name": stack.name, "region": stack.region, "status": stack.status}
                for stack in self.world.cloudformation.stacks.values()
                if not stack.deleted
            ],
            "endpoints": [
                {
                    "region": region,
                    "name": endpoint.name,
                    "status": endpoint.status,
                    "stack": owners.get((region, endpoint.arn), ""),
                }
                for region, held in self.world.sagemaker.regions.items()
                for endpoint in held.endpoints.values()
            ],
        }

    def _reset(self, _: Json) -> Mapping[str, Any]:
        self.world.reset()
        self.world.clock.start_anew()
        self.world.pace = Pace()
        self.world.pages.clear()
        return {}

    def _clock(self, _: Json) -> Mapping[str, Any]:
        world = self.world
        return {
            "now": world.clock.now(),
            "speed": world.clock.speed,
            "endpoint_seconds": world.sagemaker.seconds,
            **{name: getattr(world.pace, name) for name in PACES},
        }

    def _set_clock(self, body: Json) -> Mapping[str, Any]:
        given = {name: _setting(name, value) for name, value in body.items()}
        if self.world.clock.now() + given.get("advance_seconds", 0.0) > LAST:
            raise Refusal(
                "BadSetting", "the clock does not go past the year 9892; `esmcfn sandbox reset` turns it back"
            )
        if "speed" in given:
            self.world.clock.run_at(given["speed"])
        if "endpoint_seconds" in given:
            self.world.sagemaker.seconds = given["endpoint_seconds"]
        for name in PACES:
            if name in given:
                setattr(self.world.pace, name, given[name])
        if "advance_seconds" in given:
            self.world.clock.advance(given["advance_seconds"])
        self.world.settle()
        self.world.keep_clock()
        return self._clock({})

    def _faults(self, _: Json) -> Mapping[str, Any]:
        return {
            "active": [
                {"name": fault.name, "options": fault.options, "seen": fault.seen} for fault in self.world.faults.active
            ],
            "catalog": [
                {"name": kind.name, "summary": kind.summary, "options": dict(kind.options)} for kind in CATALOG
            ],
        }

    def _add_fault(self, body: Json) -> Mapping[str, Any]:
        fault = self.world.faults.add(str(body["name"]), body.get("options", {}))
        return {"name": fault.name, "options": fault.options}

    def _clear_faults(self, _: Json) -> Mapping[str, Any]:
        self.world.faults.clear()
        return {}

    def _break(self, body: Json) -> Mapping[str, Any]:
        from esmcfn.sandbox.breaking import break_resource

        return break_resource(self.world, body)

    def _seed(self, body: Json) -> Mapping[str, Any]:
        from esmcfn.sandbox.account.pasts import remember

        return remember(self.world, body)

    def _pages(self, body: Json) -> Mapping[str, Any]:
        for operation, size in body.items():
            if not isinstance(size, int) or size < 1:
                raise Refusal("BadPage", f"a page of {operation} holds at least one entry")
            self.world.pages[operation] = size
        return {"pages": self.world.pages}


def _setting(name: str, value: Json) -> float:
    """Return a setting of the clock as a number that it can bear."""
    if name not in SETTINGS:
        raise Refusal("UnknownSetting", f"the clock has no {name}; it has: {', '.join(sorted(SETTINGS))}")
    number = float(value)
    if not 0 <= number <= SETTINGS[name]:
        raise Refusal("BadSetting", f"{name} is between 0 and {SETTINGS[name]:.0f}, not {value!r}")
    return number


def _json(body: Mapping[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")
