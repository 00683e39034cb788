# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures of an operation: typed, with fields; words are made of them once, in ``billmanager.messages``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bill_nextcloud.treatment import Kind, kind_of


@dataclass(frozen=True)
class Failure:
    """What went wrong, in a form that can be stored, reported and compared.

    ``code`` is a fixed key with a text in every language (``billmanager.messages``) and a row in ``treatment.TABLE``;
    ``parameters`` fill the text's placeholders and never hold a secret.
    """

    code: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Whether trying again helps."""
        return kind_of(self.code)

    def as_dict(self) -> dict[str, Any]:
        """``{"code", "kind", "parameters"}``: plain values, for the record and the socket."""
        return {"code": self.code, "kind": self.kind, "parameters": dict(self.parameters)}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Failure:
        """The inverse of :meth:`as_dict`. Raises ``KeyError`` when a field is missing."""
        return cls(code=value["code"], parameters=dict(value["parameters"]))


class OperationError(Exception):
    """Base of everything that ends an operation with a known failure.

    ``code`` is a class attribute; the keyword arguments become the failure's parameters.
    """

    code = "internal"

    def __init__(self, **parameters: object) -> None:
        self.parameters = {name: str(value) for name, value in parameters.items()}
        super().__init__(f"{self.code}: {self.parameters}")

    @property
    def failure(self) -> Failure:
        """The same as a record that can be stored."""
        return Failure(self.code, self.parameters)


class BadRequest(OperationError):
    """The call of the module lacks something or names it wrongly (``detail``)."""

    code = "bad_request"


class CommandUnknown(OperationError):
    """A command that this module does not carry out (``command``)."""

    code = "command_unknown"


class ServiceUnknown(OperationError):
    """No such service in BILLmanager (``service``)."""

    code = "service_unknown"


class ServiceDeleted(OperationError):
    """The service is deleted in BILLmanager: it gets no account any more (``service``, ``command``)."""

    code = "service_deleted"


class ServiceMoved(OperationError):
    """The account is at another address than the cloud of the service (``service``, ``account``, ``address``,
    ``cloud``)."""

    code = "service_moved"


class TariffElsewhere(OperationError):
    """The service was put on a tariff of another cloud than its account's (``service``, ``account``, ``tariff``,
    ``cloud``: the account's, ``other``: the tariff's)."""

    code = "tariff_elsewhere"


class StatusContradicts(OperationError):
    """A call without an operation that goes against the service's status (``service``, ``command``, ``status``)."""

    code = "status_contradicts"


class EngineUnavailable(OperationError):
    """The engine's database or the record cannot be opened, read or written (``detail``)."""

    code = "engine_unavailable"


class OperationEnded(OperationError):
    """BILLmanager no longer has the operation: the event is late (``operation``, ``service``)."""

    code = "operation_ended"


class ModuleUnknown(OperationError):
    """No processing module of that number (``module``)."""

    code = "module_unknown"


class CloudParameterUnusable(OperationError):
    """Base of what is wrong with a connection parameter of a processing module; what sells on other clouds goes on."""


class CloudParameterMissing(CloudParameterUnusable):
    """A connection parameter of the processing module is empty (``cloud``, ``parameter``)."""

    code = "cloud_parameter_missing"


class CloudParameterInvalid(CloudParameterUnusable):
    """A connection parameter of the processing module has a value that it cannot have (``cloud``, ``parameter``,
    ``value``, ``known``: what it can have)."""

    code = "cloud_parameter_invalid"


class SshKeyUnusable(OperationError):
    """The file of the key with which the bridge logs in to a cloud's server cannot be used (``cloud``, ``file``,
    ``detail``)."""

    code = "ssh_key_unusable"


class SuspensionUnsupported(OperationError):
    """The connection form asks for something at suspensions that the cloud cannot do (``cloud``, ``parameter``,
    ``product``: with its version)."""

    code = "suspension_unsupported"


class DiskAddonMissing(OperationError):
    """The tariff sells no disk space: no quota can be known (``tariff``)."""

    code = "disk_addon_missing"


class InvitationAddressMissing(OperationError):
    """The tariff invites by mail, and the client has no e-mail address (``service``, ``tariff``)."""

    code = "invitation_address_missing"


class UnitUnknown(OperationError):
    """The addon's unit cannot be converted to bytes (``tariff``, ``addon``, ``unit``)."""

    code = "unit_unknown"


class MappingInvalid(OperationError):
    """An expression of the mapping file gives nothing usable (``field``, ``detail``)."""

    code = "mapping_invalid"


class AccountNameMissing(OperationError):
    """The service has no account name saved: it was never opened by this module (``service``)."""

    code = "account_name_missing"


class AccountUnproven(OperationError):
    """The service's account was never seen as ours, so the name may be a stranger's (``service``, ``account``,
    ``cloud``)."""

    code = "account_unproven"


class AccountConflict(OperationError):
    """The account name belongs to somebody else (``account``, ``detail``)."""

    code = "account_conflict"


class ClaimNotSaved(OperationError):
    """BILLmanager did not keep the account's name or password as written (``service``, ``parameter``)."""

    code = "claim_not_saved"


class NewPasswordMissing(OperationError):
    """The password that is to be set is not saved, or not any more (``service``)."""

    code = "new_password_missing"


class NewPasswordRefused(OperationError):
    """The cloud does not take the new password of an account (``account``, ``cloud``, ``detail``: its words)."""

    code = "new_password_refused"


class CryptKeyUnusable(OperationError):
    """An encrypted parameter does not open with BILLmanager's key (``parameter``, ``detail``)."""

    code = "crypt_key_unusable"


class BillmanagerUnavailable(OperationError):
    """``mgrctl`` or the database does not answer (``detail``)."""

    code = "billmanager_unavailable"


class BillmanagerRefused(OperationError):
    """BILLmanager answered a call with an error (``function``, ``detail``)."""

    code = "billmanager_refused"


class RunUnknown(OperationError):
    """A playbook run ended without handing back results: nothing is known of what it did (``cloud``, ``detail``)."""

    code = "run_unknown"


class WorkersUnavailable(OperationError):
    """No worker host could be reached, so no run was begun (``cloud``, ``detail``: each host and why)."""

    code = "workers_unavailable"


class WorkerRefused(OperationError):
    """A worker host cannot make anything of what it was sent; no run was begun (``host``, ``detail``)."""

    code = "worker_refused"


class ReleaseDiffers(OperationError):
    """A worker host has another release than the bridge; no run was begun (``host``, ``theirs``, ``ours``)."""

    code = "release_differs"


class WorkerCredentialsUnusable(OperationError):
    """A worker host's file of credentials cannot be used; no run was begun (``host``, ``file``, ``detail``)."""

    code = "worker_credentials_unusable"


class WorkerCredentialsMissing(OperationError):
    """A worker host has no credentials for a cloud; no run was begun (``host``, ``file``, ``address``)."""

    code = "worker_credentials_missing"


class WorkerCredentialsRefused(OperationError):
    """A cloud has refused a worker host's credentials, which are the same still; no run was begun (``host``, ``file``,
    ``address``)."""

    code = "worker_credentials_refused"


class SettingsInvalid(OperationError):
    """The settings file cannot be used (``file``, ``detail``)."""

    code = "settings_invalid"


class CloudChanged(OperationError):
    """The service moved to another cloud while its operation waited (``service``)."""

    code = "cloud_changed"


class WorkerRunning(OperationError):
    """Another worker uses the same state directory (``directory``)."""

    code = "worker_running"


class WorkerElsewhere(OperationError):
    """A worker on another host, or with another state directory, has the engine's database (``database``,
    ``holder``)."""

    code = "worker_elsewhere"


class LockUnavailable(OperationError):
    """Another run holds the cloud's lock (``path``, ``seconds``)."""

    code = "lock_unavailable"


class ApprovalNeeded(OperationError):
    """More accounts were deleted or suspended within the hour than the settings allow (``cloud``, ``account``,
    ``what``: deletions or suspensions, ``limit``)."""

    code = "approval_needed"


class CloudUnknown(OperationError):
    """No cloud of that number or name (``cloud``)."""

    code = "cloud_unknown"


class OperationNotFound(OperationError):
    """No operation of that number is on record (``operation``)."""

    code = "operation_not_found"


class OperationNotWaiting(OperationError):
    """The operation is in a state in which it cannot be asked for that (``operation``, ``state``, ``action``)."""

    code = "operation_not_waiting"


class WorkerNotRunning(OperationError):
    """The worker does not answer at its socket (``socket``, ``detail``)."""

    code = "worker_not_running"


class RecordMissing(OperationError):
    """No worker has ever made the record of operations (``database``)."""

    code = "record_missing"


class RecordOutdated(OperationError):
    """The record was made by an earlier version, and the worker of this one has not been started yet (``database``)."""

    code = "record_outdated"


class ClientHasOperations(OperationError):
    """Operations of the client are unfinished, so that its data is still needed (``client``, ``operations``)."""

    code = "client_has_operations"


class UsernameUnusable(OperationError):
    """An account name that some cloud would not take (``account``)."""

    code = "username_unusable"


class UsernameFixed(OperationError):
    """Another account name for a service that has one for good (``service``, ``account``)."""

    code = "username_fixed"


class UsernameTaken(OperationError):
    """Another service has claimed the account name (``account``)."""

    code = "username_taken"


class NoSuitableModule(OperationError):
    """No processing module can take a new service of the tariff (``tariff``, ``detail``: each module and why)."""

    code = "no_suitable_module"


class ImportRefused(OperationError):
    """BILLmanager has made no service for an account (``account``, ``detail``)."""

    code = "import_refused"


class ImportIncomplete(OperationError):
    """Some accounts that could become services have not (``cloud``, ``imported``, ``failed``: how many, ``detail``: the
    first failure)."""

    code = "import_incomplete"


class NothingSold(OperationError):
    """No active tariff of the product type is sold on the cloud, so no account can become a service (``cloud``,
    ``item_type``)."""

    code = "nothing_sold"
