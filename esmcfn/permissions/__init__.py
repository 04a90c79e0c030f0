"""Which IAM permissions each verb takes, scoped to an environment: policies are made from these tables, never by hand.

calls     verb -> the API calls it makes, and what IAM wants for each; held against the real calls by a contract test
handlers  what CloudFormation calls for the resources of an environment, from the registry's own schemas
"""

from __future__ import annotations

from esmcfn.permissions.calls import READS, VERBS, WRITES, of_verbs
from esmcfn.permissions.grants import Policy, Scope, document, scope_of
from esmcfn.permissions.handlers import of_handlers

__all__ = ["READS", "VERBS", "WRITES", "Policy", "Scope", "document", "of_handlers", "of_verbs", "scope_of"]
