"""What callers need: read from what is deployed, in every dress, and never a secret."""

from __future__ import annotations

import json
import subprocess
import sys
import types

import click
import golden
import pytest
from builders import (
    a_base_stack,
    a_project,
    a_selected_model,
    a_selection,
    a_service_account,
    a_stack,
    an_environment,
)
from built import built
from fakes import FakeIdentity, FakeStacks, a_world
from msgspec.structs import replace

from esmcfn.cli.program import program
from esmcfn.domain.outputs import Absent, Outputs
from esmcfn.domain.plan import EndpointOutput
from esmcfn.domain.report import Report
from esmcfn.errors import CloudError, ExitCode, NotDeployed, WrongAccount
from esmcfn.render import FORMATS, OF_ONE_VERB, render
from esmcfn.render.dotenv import ENDPOINT, key_names, variables
from esmcfn.render.outputs import asides
from esmcfn.selection import select
from esmcfn.verbs.watch.outputs import outputs

TWO = a_selection(a_stack(), a_stack("performance_model"))
SHARED = a_selection(base=a_base_stack(service_account=a_service_account()))
SUFFIXES = {"text": "txt", "json": "json", "markdown": "md", "env": "env", "terraform": "tf.json", "python": "py.txt"}


def deployed(selection, **options) -> FakeStacks:
    return FakeStacks(*built(selection), **options)


def found(selection=TWO, *, stacks=None, there=None) -> Outputs:
    world = a_world(stacks=deployed(there or selection) if stacks is None else stacks)
    return outputs(selection, world).body


def some_outputs(**changes) -> Outputs:
    made = Outputs(environment="dev", account="111122223333", region="us-east-2", endpoints={}, execution_role=None)
    return replace(made, **changes)


def an_endpoint(**changes) -> EndpointOutput:
    made = EndpointOutput(
        endpoint_name="Endpoint-1",
        endpoint_config_name="EndpointConfig-1",
        endpoint_url="https://x/endpoints/Endpoint-1/invocations",
        forge_model_name="esmc-300m-2024-12",
    )
    return replace(made, **changes)


def rendered(body: Outputs, form: str) -> str:
    return render(form, (Report(verb="outputs", environment=body.environment, body=body),))


class TestUnhappy:
    def test_nothing_deployed_is_exit_4_and_says_what_to_do(self):
        with pytest.raises(NotDeployed, match="dev: nothing is deployed yet") as caught:
            found(stacks=FakeStacks())
        assert (caught.value.exit_code, caught.value.next_step) == (ExitCode.CLOUD, "esmcfn deploy dev")

    def test_a_first_creation_that_rolled_back_is_nothing(self):
        stacks = deployed(TWO)
        for name in stacks.there:
            stacks.change(name, status="ROLLBACK_COMPLETE")
        with pytest.raises(NotDeployed):
            found(stacks=stacks)

    def test_a_model_that_was_asked_for_alone_and_is_not_there_is_named(self):
        narrowed = replace(TWO, models=TWO.models[1:], narrowed=frozenset({"performance_model"}))
        with pytest.raises(NotDeployed, match="performance_model of dev: nothing"):
            found(narrowed, stacks=deployed(a_selection()))

    def test_another_accounts_outputs_are_refused(self):
        with pytest.raises(WrongAccount):
            outputs(TWO, a_world(identity=FakeIdentity("999999999999")))

    def test_what_cannot_be_read_is_an_error(self):
        stacks = deployed(TWO)
        stacks.fail["deployed"] = CloudError("throttled")
        with pytest.raises(CloudError, match="throttled"):
            found(stacks=stacks)

    @pytest.mark.parametrize(
        ("changes", "why", "step"),
        [
            ({"status": "CREATE_IN_PROGRESS", "outputs": {}}, "being deployed (CREATE_IN_PROGRESS)", "esmcfn wait"),
            ({"status": "CREATE_FAILED", "outputs": {}}, "its stack is CREATE_FAILED", "esmcfn status dev"),
            ({"status": "DELETE_IN_PROGRESS"}, "being deleted", ""),
            ({"status": "DELETE_FAILED"}, "its deletion failed (DELETE_FAILED)", ""),
            ({"status": "UPDATE_COMPLETE", "outputs": {}}, "parked when it was deployed", "esmcfn deploy dev"),
        ],
    )
    def test_a_model_without_an_endpoint_is_left_out_with_the_reason(self, changes, why, step):
        stacks = deployed(TWO)
        stacks.change("esm-dev-performance-model", **changes)
        made = found(stacks=stacks)
        assert list(made.endpoints) == ["prototype_model"]
        (absent,) = made.absent
        assert (absent.model, absent.why) == ("performance_model", why)
        assert absent.next_step.startswith(step)

    def test_a_model_that_was_never_deployed_is_left_out(self):
        made = found(stacks=deployed(a_selection()))
        assert made.absent == (
            Absent(model="performance_model", why="not deployed yet", next_step="esmcfn deploy dev"),
        )


class TestWhatIsDeployed:
    def test_the_modules_four_strings(self):
        assert found(a_selection()).endpoints == {
            "prototype_model": EndpointOutput(
                endpoint_name="Endpoint-ESMC-300M-1-b8fd8d87",
                endpoint_config_name="EndpointConfig-Endpoint-ESMC-300M-1-7931cb5a",
                endpoint_url="https://runtime.sagemaker.us-east-2.amazonaws.com/endpoints/"
                "Endpoint-ESMC-300M-1-b8fd8d87/invocations",
                forge_model_name="esmc-300m-2024-12",
            )
        }

    def test_what_is_wanted_and_not_deployed_is_not_told(self):
        newer = a_selection(a_stack(forge_model_name="esmc-300m-2026-01"))
        assert found(newer, there=a_selection()).endpoints["prototype_model"].forge_model_name == "esmc-300m-2024-12"

    def test_a_parked_model_has_no_endpoint_and_says_so(self):
        parked = a_selection(a_stack(parked=True))
        made = found(parked)
        assert made.endpoints == {}
        assert made.absent == (
            Absent(model="prototype_model", why="parked", next_step="esmcfn resume dev --model prototype_model"),
        )

    def test_a_model_that_shall_be_parked_is_still_called_until_it_is(self):
        assert list(found(a_selection(a_stack(parked=True)), there=a_selection()).endpoints) == ["prototype_model"]

    def test_a_model_that_is_no_longer_selected_is_told_as_long_as_it_runs(self):
        assert list(found(a_selection(), there=TWO).endpoints) == ["prototype_model", "performance_model"]

    def test_narrowing_leaves_the_others_out(self):
        narrowed = replace(TWO, models=TWO.models[1:], narrowed=frozenset({"performance_model"}))
        assert list(found(narrowed, there=TWO).endpoints) == ["performance_model"]

    def test_an_update_that_runs_changes_nothing_yet(self):
        stacks = deployed(a_selection())
        stacks.change("esm-dev-prototype-model", status="UPDATE_IN_PROGRESS")
        assert list(found(a_selection(), stacks=stacks).endpoints) == ["prototype_model"]

    def test_a_moved_model_is_told_under_its_new_key_before_it_is_deployed_again(self):
        before = select(a_project(environment=an_environment(a_selected_model("old"))))
        after = select(a_project(environment=an_environment(a_selected_model("new", moved_from="old"))))
        assert list(found(after, there=before).endpoints) == ["new"]

    def test_the_role_is_a_name_and_the_users_are_empty_where_they_are_off(self):
        made = found(a_selection())
        assert made.execution_role == "esm-sagemaker-exec-dev"
        assert (made.user_names, made.access_key_ids, made.secret_arns) == ({}, {}, {})

    def test_a_role_of_ones_own_is_told_by_its_name_too(self):
        arn = "arn:aws:iam::123456789012:role/path/sagemaker-of-ours"
        own = a_selection(base=None, environment=an_environment(execution_role_arn=arn))
        assert found(own).execution_role == "sagemaker-of-ours"

    def test_the_shared_user_is_a_map_and_its_secret_an_address(self):
        made = found(SHARED)
        user = "esm-shared-invoke-dev"
        assert made.user_names == {user: user}
        assert made.access_key_ids == {user: "key-id-of-the-shared-user"}
        assert made.secret_arns == {user: "arn:aws:secretsmanager:us-east-2:123456789012:secret:InvokeSecret-1"}


class TestDresses:
    @pytest.mark.parametrize("form", [*FORMATS, *OF_ONE_VERB])
    def test_they_read_as_reviewed(self, form, update_golden):
        stacks = deployed(a_selection(a_stack(), a_stack("performance_model"), base=SHARED.base))
        stacks.change("esm-dev-performance-model", outputs={})
        golden.check(f"outputs/shared.{SUFFIXES[form]}", rendered(found(stacks=stacks), form), update=update_golden)

    def test_json_has_the_modules_names_and_shape(self):
        document = json.loads(rendered(found(a_selection()), "json"))
        assert document["schema"] == "esmcfn.outputs/v1"
        assert document["sagemaker_execution_role"] == "esm-sagemaker-exec-dev"
        for name in ("user_name", "user_access_key_id", "secret_arn"):
            assert document[f"shared_service_{name}"] == {}
        assert set(document["sagemaker_endpoints"]["prototype_model"]) == {
            "endpoint_config_name",
            "endpoint_name",
            "endpoint_url",
            "forge_model_name",
        }

    def test_terraforms_shape_has_sensitive_type_and_value(self):
        document = json.loads(rendered(found(SHARED), "terraform"))
        assert {tuple(sorted(each)) for each in document.values()} == {("sensitive", "type", "value")}
        user = "esm-shared-invoke-dev"
        assert document["shared_service_user_name"] == {
            "sensitive": False,
            "type": ["object", {user: "string"}],
            "value": {user: user},
        }
        assert "shared_service_user_secret_access_key" not in document

    def test_terraforms_shape_leaves_out_what_is_null(self):
        assert "sagemaker_execution_role" not in json.loads(rendered(some_outputs(), "terraform"))

    def test_where_the_secret_is_stands_beside_terraforms_shape(self):
        (said,) = asides(found(SHARED), "terraform")
        assert "secret:InvokeSecret-1" in said
        assert "get-secret-value" in said

    def test_what_is_left_out_is_said_beside_formats_without_room_for_it(self):
        body = some_outputs(absent=(Absent(model="a", why="parked"),))
        assert list(asides(body, "env")) == ["left out: a: parked"]
        assert list(asides(body, "text")) == []


class TestVariables:
    HOSTILE = "a'b\"c$HOME`id`\\d $(id)"

    @pytest.mark.parametrize("value", ["plain", "with space; id", "a'b", HOSTILE, '$"', "line\nbreak", ""])
    def test_a_shell_reads_each_value_as_it_is(self, value):
        body = some_outputs(endpoints={"main": an_endpoint(forge_model_name=value)})
        script = rendered(body, "env") + 'printf %s "$ESMCFN_MAIN_FORGE_MODEL_NAME"'
        assert subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout == value

    def test_keys_are_capitals_with_underscores(self):
        assert key_names(["prototype_model", "eu-west", "9b"]) == {
            "prototype_model": "PROTOTYPE_MODEL",
            "eu-west": "EU_WEST",
            "9b": "9B",
        }

    def test_keys_that_differ_in_nothing_but_capitals_keep_them(self):
        assert key_names(["main", "Main", "x"]) == {"main": "main", "Main": "Main", "x": "X"}

    def test_no_variable_is_one_that_esmcfn_itself_listens_to(self):
        listened = {
            option.envvar
            for name in program.list_commands(click.Context(program))
            for option in _options(program.get_command(click.Context(program), name))
        }
        fixed = {name for name, _ in variables(found(SHARED))}
        assert not fixed & listened
        endings = tuple(f"_{field.upper()}" for field in ENDPOINT)
        assert not [name for name in listened if name and name.endswith(endings)]


def _options(command: click.Command) -> list[click.Option]:
    inner = list(command.commands.values()) if isinstance(command, click.Group) else []
    own = [each for each in command.params if isinstance(each, click.Option)]
    return [*own, *(option for each in inner for option in _options(each))]


class TestNotebook:
    def ran(self, body: Outputs, monkeypatch) -> list[object]:
        """Run the snippet against modules of the SDK's shape, and return what was called."""
        calls: list[object] = []

        class Client:
            def __init__(self, endpoint_name: str, model: str) -> None:
                calls.append((endpoint_name, model))

            def encode(self, protein: object) -> object:
                return protein

            def logits(self, tensor: object, config: object) -> object:
                calls.append(config)
                shaped = types.SimpleNamespace(shape=(1, 24, 64))
                return types.SimpleNamespace(logits=types.SimpleNamespace(sequence=shaped), embeddings=shaped)

        modules = {name: types.ModuleType(name) for name in ("boto3", "esm", "esm.sdk", "esm.sdk.api")}
        sagemaker = types.ModuleType("esm.sdk.sagemaker")
        modules["boto3"].setup_default_session = lambda **words: calls.append(words)
        modules["esm.sdk.api"].ESMProtein = lambda *, sequence: sequence
        modules["esm.sdk.api"].LogitsConfig = lambda *, sequence, return_embeddings: (sequence, return_embeddings)
        sagemaker.ESM3SageMakerClient = Client
        for name, module in {**modules, "esm.sdk.sagemaker": sagemaker}.items():
            monkeypatch.setitem(sys.modules, name, module)
        exec(compile(rendered(body, "python"), "snippet", "exec"), {})
        return calls

    def test_it_sets_the_session_before_it_makes_clients(self, monkeypatch, capsys):
        calls = self.ran(some_outputs(endpoints={"main": an_endpoint(), "eu-9": an_endpoint()}), monkeypatch)
        assert calls == [
            {"region_name": "us-east-2"},
            ("Endpoint-1", "esmc-300m-2024-12"),
            ("Endpoint-1", "esmc-300m-2024-12"),
            (True, True),
        ]
        assert capsys.readouterr().out == "(1, 24, 64) (1, 24, 64)\n"

    def test_a_hostile_name_stays_a_text(self, monkeypatch):
        name = 'x") or exit(1) #\\'
        calls = self.ran(some_outputs(endpoints={"main": an_endpoint(forge_model_name=name)}), monkeypatch)
        assert ("Endpoint-1", name) in calls

    def test_nothing_to_call_is_a_comment(self, monkeypatch):
        body = some_outputs(absent=(Absent(model="a\nimport os", why="parked"),))
        assert self.ran(body, monkeypatch) == []

    def test_the_sandbox_says_how_it_is_reached(self):
        endpoints = {"main": an_endpoint()}
        assert "sandbox env" in rendered(some_outputs(account="123456789012", endpoints=endpoints), "python")
        assert "sandbox env" not in rendered(some_outputs(endpoints=endpoints), "python")
