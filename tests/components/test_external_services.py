"""Databases and caches outside the cluster, as pods see them, and the Job that fills a new one."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import dev_object, plan_of
from in_cluster import endpoints, find, recorded, waits_for

from components.addons import charts
from components.external_services import ExternalServices, ExternalServicesArgs
from components.manifests import external_services as manifests
from components.manifests import seeding
from components.manifests.service import deployment


def declare(plan, *services):
    def build(opts):
        for service in services or plan.services:
            args = ExternalServicesArgs(plan=plan, service=service, endpoints=endpoints(plan))
            ExternalServices(f"stores-{service}", args, opts)

    return recorded(build, plan)


@pytest.fixture(scope="module")
def dev_stores(dev_plan):
    return declare(dev_plan)


def of(recording, kind, namespace):
    return [
        each
        for each in recording.resources
        if each.inputs.get("kind") == kind and each.inputs["metadata"].get("namespace") == namespace
    ]


@pytest.mark.row("S0-44")
def test_a_database_has_a_name_inside_the_cluster_that_leads_to_its_host(dev_stores):
    (service,) = of(dev_stores, "Service", "member")
    assert service.inputs["metadata"]["name"] == "mysql-external-service"
    assert service.inputs["spec"] == {"type": "ExternalName", "externalName": "member.rds.example.internal"}


@pytest.mark.row("S0-45")
def test_the_gateway_finds_its_cache_the_same_way(dev_stores):
    (service,) = of(dev_stores, "Service", "gateway")
    assert service.inputs["metadata"]["name"] == "redis-external-service"
    assert service.inputs["spec"] == {"type": "ExternalName", "externalName": "sessions.cache.example.internal"}


@pytest.mark.row("S0-46")
def test_credentials_are_an_opaque_secret_and_secret_in_the_state(dev_stores, dev_plan):
    (secret,) = of(dev_stores, "Secret", "member")
    assert secret.inputs["type"] == "Opaque"
    assert secret.secrets
    assert "password of" not in repr(dev_stores.resources)
    database = dev_plan.config.databases["member"]
    plain = manifests.database_objects("member", database, "h", "the password")[1]
    assert plain["stringData"] == {"database": "member", "username": "member", "password": "the password"}


@pytest.mark.row("S0-47")
@pytest.mark.parametrize(
    ("engine", "given", "port"), [("mysql", None, "3306"), ("postgres", None, "5432"), ("mysql", 3307, "3307")]
)
def test_the_port_stands_in_a_config_map(engine, given, port):
    cluster = dev_object()
    cluster["databases"]["member"] |= {"engine": engine, "port": given}
    database = plan_of(cluster, "ports").config.databases["member"]
    config_map = manifests.database_objects("member", database, "h", "p")[2]
    assert config_map["data"]["DB_PORT"] == port


def test_clients_are_told_the_name_that_the_certificate_carries(dev_stores):
    for namespace, key in (("member", "DB_TLS_SERVER_NAME"), ("gateway", "REDIS_TLS_SERVER_NAME")):
        (service,) = of(dev_stores, "Service", namespace)
        settings = next(each for each in of(dev_stores, "ConfigMap", namespace) if key in each.inputs["data"])
        assert settings.inputs["data"][key] == service.inputs["spec"]["externalName"]


@pytest.mark.row("S0-48")
def test_every_entry_of_a_pods_environment_names_an_object_and_a_key_that_exist(dev_plan):
    config, seen = dev_plan.config, set()
    for name, service in config.services.items():
        made = []
        if service.database:
            made += manifests.database_objects(name, config.databases[service.database], "h", "p")
        if service.cache:
            made += manifests.cache_objects(name, config.caches[service.cache], "h", "t")
        by_name = {(each["kind"], each["metadata"]["name"]): each for each in made}
        (container,) = deployment(dev_plan, name)["spec"]["template"]["spec"]["containers"]
        for entry in container["env"]:
            seen.add(entry["name"])
            if "value" in entry:
                assert by_name["Service", entry["value"]]["spec"]["type"] == "ExternalName"
            for kind, field, reference in (
                ("Secret", "stringData", entry.get("valueFrom", {}).get("secretKeyRef")),
                ("ConfigMap", "data", entry.get("valueFrom", {}).get("configMapKeyRef")),
            ):
                if reference:
                    assert reference["key"] in by_name[kind, reference["name"]][field], entry["name"]
    assert seen >= {"DB_HOSTNAME", "DB_NAME", "DB_USER", "DB_PWD", "DB_PORT"}
    assert seen >= {"REDIS_HOSTNAME", "REDIS_PORT", "REDIS_TOKEN"}


@pytest.mark.row("S0-53")
def test_two_namespaces_may_use_the_same_service_name(dev_stores):
    same = [each for each in dev_stores.resources if each.inputs.get("kind") == "Service"]
    same = [each for each in same if each.inputs["metadata"]["name"] == "mysql-external-service"]
    assert {each.inputs["metadata"]["namespace"] for each in same} == {
        "member",
        "planner",
        "accommodation",
        "payment",
    }
    assert len({each.urn for each in same}) == len(same) == 4


# Seeding


@pytest.mark.row("S0-49")
def test_a_new_database_is_filled_once_from_the_namespace_of_its_first_service(dev_stores, dev_plan):
    jobs = [each for each in dev_stores.resources if each.inputs.get("kind") == "Job"]
    (job,) = jobs
    name = job.inputs["metadata"]["name"]
    assert job.inputs["metadata"]["namespace"] == "member"
    (container,) = job.inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"] == charts.MYSQL_CLIENT
    sql = find(dev_stores, "ConfigMap", name)
    assert sql.inputs["data"] == {"seed.sql": dev_plan.config.databases["member"].create.seed_sql}
    assert "CREATE TABLE IF NOT EXISTS member" in sql.inputs["data"]["seed.sql"]
    for each in (sql, *of(dev_stores, "Secret", "member"), *of(dev_stores, "Service", "member")):
        assert waits_for(dev_stores, job, each)


def test_a_shared_database_is_filled_by_one_of_its_services():
    cluster = dev_object()
    cluster["databases"]["travel"]["create"]["seed_sql"] = "CREATE TABLE IF NOT EXISTS trip (id BIGINT);"
    recording = declare(plan_of(cluster, "shared"), "accommodation", "payment", "planner")
    (job,) = [each for each in recording.resources if each.inputs.get("kind") == "Job"]
    assert job.inputs["metadata"]["namespace"] == "accommodation"


def test_changed_sql_is_a_new_job_and_the_same_sql_is_the_same_job():
    def job_name(sql):
        cluster = dev_object()
        cluster["databases"]["member"]["create"]["seed_sql"] = sql
        plan = plan_of(cluster, "sql")
        images = seeding.SeedImages(mysql="m:1", postgres="p:1")
        _, job = seeding.seed_objects("member", "member", plan.config.databases["member"], plan.pools["member"], images)
        return job["metadata"]["name"]

    assert job_name("SELECT 1;") == job_name("SELECT 1;") != job_name("SELECT 2;")


def test_a_given_database_is_never_filled(ha_plan):
    assert [each for each in declare(ha_plan).resources if each.inputs.get("kind") == "Job"] == []


@pytest.mark.row("S0-49")
@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_the_job_fits_into_the_namespaces_limits_and_runs_where_the_service_does(engine):
    cluster = dev_object()
    cluster["databases"]["member"]["engine"] = engine
    plan = plan_of(cluster, engine)
    images = seeding.SeedImages(mysql="m:1", postgres="p:1")
    _, job = seeding.seed_objects("member", "member", plan.config.databases["member"], plan.pools["member"], images)
    pod, quota = job["spec"]["template"]["spec"], plan.quotas["member"]
    (container,) = pod["containers"]
    for bound in ("requests", "limits"):
        cpu, memory = (int(container["resources"][bound][key].rstrip("mMi")) for key in ("cpu", "memory"))
        assert quota.minimum.cpu_m <= cpu <= quota.maximum.cpu_m
        assert quota.minimum.memory_mib <= memory <= quota.maximum.memory_mib
    assert container["image"] == f"{engine[0]}:1"
    assert pod["nodeSelector"] == {"groundswell.io/pool": "member"}
    assert pod["restartPolicy"] == "OnFailure"
    assert job["spec"]["backoffLimit"] > 0


@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_the_seeding_programs_pass_shellcheck(engine, tmp_path):
    script = tmp_path / "seed.sh"
    script.write_text(f"#!/bin/sh\nset -eu\n{seeding.SEED_PROGRAMS[engine]}", encoding="utf-8")
    found = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), script], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize(("engine", "client"), [("mysql", "mysql"), ("postgres", "psql")])
def test_the_seeding_program_waits_for_the_database_then_runs_the_sql(engine, client, tmp_path):
    """The program is run with a client that refuses twice, as a database that is still starting does."""
    fake, log = tmp_path / client, tmp_path / "log"
    fake.write_text(
        "#!/bin/sh\n"
        f'echo "$* ${{MYSQL_PWD-}}${{PGPASSWORD-}}" >> {log}\n'
        f"case $* in *'SELECT 1'*) [ $(grep -c 'SELECT 1' {log}) -gt 2 ] ;; *) cat >> {log} ;; esac\n",
        encoding="utf-8",
    )
    (tmp_path / "sleep").write_text("#!/bin/sh\n", encoding="utf-8")
    for program in (fake, tmp_path / "sleep"):
        program.chmod(0o755)
    sql = tmp_path / "seed.sql"
    sql.write_text("CREATE TABLE trip;\n", encoding="utf-8")
    text = seeding.SEED_PROGRAMS[engine].replace("/sql/seed.sql", str(sql))
    environment = {"DB_HOSTNAME": "db", "DB_PORT": "1", "DB_USER": "u", "DB_PWD": "p w", "DB_NAME": "travel"}
    subprocess.run(
        ["/bin/sh", "-ceu", text],
        env=environment | {"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
    )
    lines = log.read_text(encoding="utf-8").splitlines()
    assert sum("SELECT 1" in line for line in lines) == 3
    assert all(line.endswith("p w") for line in lines if "SELECT 1" in line)
    if engine == "mysql":
        assert lines[-1] == "CREATE TABLE trip;"
        assert "--ssl-mode=REQUIRED travel" in lines[-2]
    else:
        assert f"--file={sql}" in lines[-1]
