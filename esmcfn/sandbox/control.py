"""The control API, `/_esmcfn/...`: health, state, reset, clock, faults, break, pages. Loopback and token only."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from esmcfn.sandbox.faults import CATALOG
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

PACES = ("change_set_seconds", "stack_seconds", "resource_seconds")


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
            body = json.loads(request.data or b"{}")
            if what == "health":
                return _json(self._health({}), 200)  # without the lock: it must answer while another request works
            with self.world.lock, self.world.store.together():
                self.world.settle()
                return _json(route(body), 200)
        except (Refusal, ValueError, KeyError, TypeError) as error:
            return _json({"message": error.message if isinstance(error, Refusal) else f"bad request: {error}"}, 400)

    def _health(self, _: Json) -> Mapping[str, Any]:
        return {
            "token": self.token,
            "pid": os.getpid(),
            "uptime_seconds": time.time() - self.started,
            "stacks": sum(not stack.deleted for stack in tuple(self.world.cloudformation.stacks.values())),
            "faults": [fault.name for fault in self.world.faults.active],
        }

    def _state(self, _: Json) -> Mapping[str, Any]:
        return {
            "account": self.world.account,
            "now": self.world.clock.now(),
            "stacks": [
                {"id": stack.id, "name": stack.name, "region": stack.region, "status": stack.status}
                for stack in self.world.cloudformation.stacks.values()
                if not stack.deleted
            ],
            "endpoints": [
                {"region": region, "name": endpoint.name, "status": endpoint.status}
                for region, held in self.world.sagemaker.regions.items()
                for endpoint in held.endpoints.values()
            ],
        }

    def _reset(self, _: Json) -> Mapping[str, Any]:
        self.world.reset()
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
        known = {"advance_seconds", "speed", "endpoint_seconds", *PACES}
        strange = sorted(set(body) - known)
        if strange:
            raise Refusal("UnknownSetting", f"the clock has no {strange[0]}; it has: {', '.join(sorted(known))}")
        if "speed" in body:
            self.world.clock.run_at(float(body["speed"]))
        if "endpoint_seconds" in body:
            self.world.sagemaker.seconds = float(body["endpoint_seconds"])
        for name in PACES:
            if name in body:
                setattr(self.world.pace, name, float(body[name]))
        if "advance_seconds" in body:
            self.world.clock.advance(float(body["advance_seconds"]))
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
        return self.world.seeds.add(body)

    def _pages(self, body: Json) -> Mapping[str, Any]:
        for operation, size in body.items():
            if not isinstance(size, int) or size < 1:
                raise Refusal("BadPage", f"a page of {operation} holds at least one entry")
            self.world.pages[operation] = size
        return {"pages": self.world.pages}


def _json(body: Mapping[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")
