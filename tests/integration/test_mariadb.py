# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with BILLmanager's MariaDB, and with the key of what is encrypted there: a clear error, nothing is
lost or half done, and work goes on by itself.

All tests share one bridge, which has nothing left to do after each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from bill_nextcloud.billmanager.connection import database_of
from bill_nextcloud.billmanager.statistics import Amount, write_day
from bill_nextcloud.settings import BillmanagerSettings
from harness.cloud import Server
from harness.leaks import files_with
from harness.mariadb import MariaDB
from harness.processes import until
from harness.stack import Stack
from standins.billmanager import crypt, many, operations
from standins.billmanager.database import parameters, transaction
from standins.billmanager.run import Output, execute

from .test_bad_input import clear_error
from .test_usage import amounts, sell, stat, today
from .test_waiting import active

GIB = 1024**3
UNAVAILABLE = "nextcloud_billmanager_unavailable"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, mariadb: MariaDB) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("mariadb")
    server = Server(directory / "cloud")
    try:
        stack = Stack.set_up(directory, server.cloud, None, server.standin, mariadb.options)
        yield stack
        stack.worker.cleanup()
    finally:
        server.stop()


@pytest.fixture
def stack(shared: Stack) -> Iterator[Stack]:
    """The bridge; in the end nothing is left to do, and the password of the database is nowhere."""
    shared.worker.log.write_bytes(b"")
    yield shared
    assert [one for one in shared.panel.operations() if one["ended"] is None] == []
    bridge = [shared.worker.directory, shared.worker.runtime]
    assert files_with(bridge, [parameters(shared.panel.layout.database)["DBPassword"]]) == []


def own_user(stack: Stack) -> tuple[str, str]:
    """BILLmanager's own user and its database, as SQL writes them."""
    own = parameters(stack.panel.layout.database)
    return f"{own['DBUser']}@localhost", f"{own['DBName']}.*"


def connections(stack: Stack) -> list[object]:
    """The bridge's connections."""
    user = parameters(stack.panel.layout.database)["DBUser"]
    return stack.sql("SELECT id FROM information_schema.processlist WHERE user = ?", user)


def end_connections(stack: Stack) -> None:
    """Rights count from the next connection on."""
    stack.sql(f"KILL USER {parameters(stack.panel.layout.database)['DBUser']}")
    until(lambda: not connections(stack))


def call(stack: Stack, service: int, operation: int) -> Output:
    """What BILLmanager does to open a service, without its own look at the database before and after."""
    layout = stack.panel.layout
    words = ["--command", "open", "--item", str(service), "--runningoperation", str(operation)]
    return execute(layout.root, layout.module("pmnextcloud"), words, None, 60)


def test_a_server_that_is_stopped_and_started_again(stack: Stack, mariadb: MariaDB) -> None:
    """What is called meanwhile is taken and done later, what is under way is finished: each once."""
    *waiting, begun = (stack.order(stack.small) for _ in range(3))
    operations = {service: stack.panel.service(service)["operations"][0] for service in (*waiting, begun)}
    stack.standin.fault("hold", method="POST", path="/cloud/users$", times=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(call, stack, begun, operations[begun])
        until(lambda: any(one["method"] == "POST" for one in stack.standin.arrivals()))
        mariadb.stop()
        try:
            taken = [call(stack, service, operations[service]) for service in waiting]
            stack.standin.clear_faults()
            taken.append(first.result())
            until(lambda: len(stack.on_record("id", "retrying")) == 3)
        finally:
            mariadb.start()
    assert {(one.exit_code, one.stdout) for one in taken} == {(0, "<doc/>")}
    for service in (*waiting, begun):
        until(lambda service=service: active(stack, service))  # type: ignore[misc]
        assert stack.customer(service).can_store()
    reports = [call for call in stack.panel.mgrctl_calls("backupservice.open") if call["answer"] == "ok"]
    assert sorted(int(call["elid"]) for call in reports) == [*waiting, begun]
    assert "Traceback" not in stack.worker.log.read_text()


def test_connections_that_the_server_has_ended(stack: Stack) -> None:
    """After wait_timeout without a query, a whole night of them: the next call notices nothing."""
    stack.sql("SET GLOBAL wait_timeout = 1")
    try:
        end_connections(stack)
        assert stack.panel.call("open", ["--item", "4711"]).error is not None
        assert connections(stack)
        until(lambda: not connections(stack))
        stack.worker.log.write_bytes(b"")
        stack.opened(stack.small)
    finally:
        stack.sql("SET GLOBAL wait_timeout = DEFAULT")
    assert "billmanager_unavailable" not in stack.worker.log.read_text()


def test_another_password_of_the_database(stack: Stack) -> None:
    """BILLmanager has it, too: the bridge asks for it when its own is refused, and nothing fails."""
    options = stack.panel.layout.database
    before = parameters(options)["DBPassword"]
    stack.sql(f"ALTER USER {own_user(stack)[0]} IDENTIFIED BY 'An0ther-of-the-test'")
    options.write_text(options.read_text().replace(before, "An0ther-of-the-test"))
    end_connections(stack)
    stack.opened(stack.small)
    assert "billmanager_unavailable" not in stack.worker.log.read_text()


def test_tables_that_are_missing(stack: Stack) -> None:
    """BILLmanager's administrator sees which; nothing is claimed or made before all are there again."""
    service = stack.order(stack.small)
    for table in ("measure", "processingcryptedparam"):
        words = f"database: Table '{parameters(stack.panel.layout.database)['DBName']}.{table}' doesn't exist"
        stack.sql(f"RENAME TABLE {table} TO {table}_gone")
        try:
            run = stack.panel.run(service)
            assert run.operation is not None
            shows(stack, run.operation, words)
            clear_error(stack, run, UNAVAILABLE)
            nothing_done(stack, service)
        finally:
            stack.sql(f"RENAME TABLE {table}_gone TO {table}")
    until(lambda: active(stack, service))


def shows(stack: Stack, operation: int, words: str) -> None:
    """BILLmanager shows them with the operation, at the latest after the next attempt."""
    until(lambda: words in (stack.panel.operation(operation)["errorxml"] or ""))


def nothing_done(stack: Stack, service: int) -> None:
    """No name is claimed, no account made."""
    claims = "SELECT intname FROM itemparam WHERE item = ? UNION SELECT intname FROM itemcryptedparam WHERE item = ?"
    assert stack.sql(claims, service, service) == []
    assert stack.cloud.account(f"user_{service}") is None


def test_a_user_that_may_read_nothing(stack: Stack) -> None:
    """The log says who may not; what was taken is done when the rights are back."""
    user, tables = own_user(stack)
    service = stack.order(stack.small)
    stack.sql(f"REVOKE ALL ON {tables} FROM {user}")
    end_connections(stack)
    try:
        run = stack.panel.run(service)
        nothing_done(stack, service)
    finally:
        stack.sql(f"GRANT ALL ON {tables} TO {user}")
    assert (run.exit_code, run.finished, run.error) == (0, False, None)
    name, host = user.split("@")
    assert f"database: Access denied for user '{name}'@'{host}' to database '{name}'" in stack.worker.log.read_text()
    until(lambda: active(stack, service))


def test_a_user_that_may_only_read(stack: Stack) -> None:
    """Statistics fail as a whole: no row, and the day stays open until it may write them."""
    user, tables = own_user(stack)
    (service,) = sell(stack, stack.small, used=GIB // 2)
    stack.sql(f"REVOKE ALL ON {tables} FROM {user}")
    stack.sql(f"GRANT SELECT ON {tables} TO {user}")
    end_connections(stack)
    try:
        run = stat(stack)
    finally:
        stack.sql(f"GRANT ALL ON {tables} TO {user}")
        end_connections(stack)
    assert run.error is not None, run
    assert run.error.type == UNAVAILABLE
    assert "command denied" in run.error.text_en
    assert "itemstat" in run.error.text_en
    assert (amounts(stack), stack.panel.closed_days()) == ({}, [])
    assert stat(stack).ok
    assert amounts(stack)[service, today(), "disk"] == (0.5, "gib")
    assert stack.panel.closed_days() == [(stack.module, today())]


def test_statistics_that_another_module_writes_too(stack: Stack) -> None:
    """Two transactions that wait for each other: the database undoes the smaller one, and it is written again."""
    database = database_of(BillmanagerSettings(root=stack.panel.root))
    day, ours, theirs = today(), 5001, 5002
    delete, insert = ("DELETE FROM itemstat WHERE item = ?", "INSERT INTO itemstat VALUES (?, ?, 'disk', 1, 4)")
    with ThreadPoolExecutor(1) as pool:
        with transaction(stack.panel.layout.database) as other:
            for item in range(6000, 6050):
                other.execute(insert, (item, day))
            # No row of theirs is there: what is locked is the place of both.
            other.execute(delete, (theirs,))
            writing = pool.submit(write_day, database, day, [Amount(ours, "disk", Decimal(2), 4)])
            waiting = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
            until(lambda: other.execute(waiting).fetchone()["Value"] == "1")
            other.execute(insert, (theirs, day))
            assert not writing.done()
        writing.result()
    assert {amounts(stack)[item, day, "disk"] for item in (ours, theirs)} == {(2, "gib"), (1, "gib")}


def test_a_key_that_is_another(stack: Stack, tmp_path: Path) -> None:
    """The bridge is started with a key by which nothing was encrypted: no request to the cloud is made. With the right
    one in its place it goes on, without another start."""
    right = stack.panel.layout.key.read_bytes()
    other = tmp_path / "other.pem"
    encrypted = stack.sql("SELECT value FROM processingcryptedparam")[0][0]
    while not other.exists() or opens(other, encrypted):
        other.unlink(missing_ok=True)
        crypt.write_key(other)
    stack.worker.stop()
    stack.panel.layout.key.write_bytes(other.read_bytes())
    stack.worker.start()
    seen = len(stack.standin.requests())
    service = stack.order(stack.small)
    run = stack.panel.run(service)
    stack.panel.layout.key.write_bytes(right)
    clear_error(stack, run, "nextcloud_crypt_key_unusable")
    assert run.error is not None
    assert run.error.params["parameter"] == "password"
    assert len(stack.standin.requests()) == seen
    assert "username" not in stack.panel.service(service)["params"]
    assert stack.run(service).status_name == "active"


def opens(key: Path, value: str) -> bool:
    """Whether ``key`` makes any text of ``value``: about one of a hundred wrong keys does."""
    try:
        crypt.decrypt(key, value)
    except ValueError:
        return False
    return True


def test_a_page_of_services_costs_a_page(stack: Stack) -> None:
    """However many follow: the server sorts none of them."""
    tariff = stack.tariff()
    with transaction(stack.panel.layout.database) as connection:
        services = many.sell(connection, tariff, stack.module, 2000, stack.cloud.url)
    database = database_of(BillmanagerSettings(root=stack.panel.root))

    def work() -> dict[str, int]:
        rows = stack.sql("SHOW GLOBAL STATUS WHERE Variable_name IN ('Sort_rows', 'Rows_read')")
        return {name.lower(): int(value) for name, value in rows}

    before = work()
    page = database.services_after(stack.module, [operations.ACTIVE], services[0] - 1, 5)
    done = {name: value - before[name] for name, value in work().items()}
    assert [service.id for service in page] == list(services[:5])
    assert done["sort_rows"] < 500
    assert done["rows_read"] < 500
    with transaction(stack.panel.layout.database) as connection:
        connection.execute("DELETE FROM item WHERE id >= ?", (services[0],))
