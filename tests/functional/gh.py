"""A small `gh`: `api` with paging, --jq, files as fields, permissions and rate limits, over a GitHub in a JSON file.

Run as a command; FAKE_GITHUB names the file. What a real token may not do is refused here, too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jq

BOT = "github-actions[bot]"
LONGEST = 65_536


def main(words: list[str] | None = None) -> int:
    words = sys.argv[1:] if words is None else words
    if words[:1] == ["run"]:
        return downloaded(words[1:])
    parser = argparse.ArgumentParser()
    parser.add_argument("api", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--jq", default=".")
    parser.add_argument("--field", action="append", default=[])
    parser.add_argument("--input", default="")
    asked = parser.parse_args(words)
    file = Path(os.environ["FAKE_GITHUB"])
    github = json.loads(file.read_text())
    try:
        pages = list(answered(github, asked))
    except PermissionError as error:
        print(f"gh: {error}", file=sys.stderr)
        return 1
    finally:
        file.write_text(json.dumps(github))
    for page in [] if asked.silent else pages:
        for value in jq.compile(asked.jq).input_value(page).all():
            print(value if isinstance(value, str) else json.dumps(value))
    return 0


def downloaded(words: list[str]) -> int:
    """Artifacts of a run, each in a folder of its name, as `gh run download` with a pattern does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("download", choices=["download"])
    parser.add_argument("run")
    parser.add_argument("--repo", required=True)
    parser.add_argument("--pattern", required=True)
    parser.add_argument("--dir", required=True)
    asked = parser.parse_args(words)
    file = Path(os.environ["FAKE_GITHUB"])
    github = json.loads(file.read_text())
    github["calls"].append(["DOWNLOAD", asked.run])
    refused = github["refusals"] > 0
    github["refusals"] -= refused
    file.write_text(json.dumps(github))
    needs(json.loads(os.environ["GH_TOKEN"]), "actions", "read")
    found = sorted((file.parent / "artifacts" / asked.run).glob(asked.pattern))
    if refused or not found or asked.repo != github["repository"]:
        print("gh: no artifact matches any of the names or patterns provided", file=sys.stderr)
        return 1
    for folder in found:
        shutil.copytree(folder, Path(asked.dir) / folder.name)
    return 0


def answered(github, asked):
    """Every page of the answer."""
    address = urlsplit(asked.path)
    query = {key: values[0] for key, values in parse_qs(address.query).items()}
    github["calls"].append([asked.method, asked.path])
    if github["refusals"] > 0:
        github["refusals"] -= 1
        raise PermissionError("API rate limit exceeded (HTTP 403)")
    allowed = json.loads(os.environ["GH_TOKEN"])
    fields = dict(field.split("=", 1) for field in asked.field)
    fields = {key: Path(text[1:]).read_text() if text.startswith("@") else text for key, text in fields.items()}
    if asked.input:
        fields = json.loads(Path(asked.input).read_text())
    found = routed(github, asked.method, address.path, query, allowed=allowed, fields=fields)
    if not isinstance(found, list):
        yield found
        return
    size = int(query.get("per_page", 30))
    for at in range(0, max(1, len(found)), size):
        yield found[at : at + size]
        if not asked.paginate:
            return


def needs(allowed, scope, level):
    if allowed.get(scope) not in ({"write"} if level == "write" else {"read", "write"}):
        raise PermissionError(f"Resource not accessible by integration: {scope}: {level} (HTTP 403)")


def routed(github, method, path, query, *, allowed, fields):
    """What one address answers."""
    path = path.removeprefix(f"repos/{github['repository']}/")
    if path == "issues" or re.fullmatch(r"issues/\d+", path):
        return issues(github, method, path, query, allowed=allowed, fields=fields)
    if found := re.fullmatch(r"issues/(\d+)/comments", path):
        number = int(found[1])
        scope = "issues" if any(each["number"] == number for each in github["issues"]) else "pull-requests"
        comments = [each for each in github["comments"] if each["issue"] == number]
        if method == "GET":
            needs(allowed, scope, "read")
            return comments
        needs(allowed, scope, "write")
        if any(
            each["number"] == number and {"locked", "refuses"} & set(filter(each.get, each))
            for each in github["issues"]
        ):
            raise PermissionError("Unable to create comment because issue is locked. (HTTP 403)")
        fits(fields["body"])
        new = {"id": len(github["comments"]) + 1, "issue": number, "user": {"login": BOT}, "body": fields["body"]}
        github["comments"].append(new)
        return new
    if found := re.fullmatch(r"issues/comments/(\d+)", path):
        comment = github["comments"][int(found[1]) - 1]
        needs(allowed, "pull-requests", "write")
        if method == "PATCH":
            if comment["user"]["login"] != BOT:
                raise PermissionError("another author's comment was edited")
            fits(fields["body"])
            comment["body"] = fields["body"]
        return comment
    if found := re.fullmatch(r"pulls/(\d+)", path):
        needs(allowed, "pull-requests", "read")
        return {"number": int(found[1]), "head": {"sha": github["heads"][found[1]]}}
    if path == "pulls":
        return [{"number": number} for number in github["open"]]
    if found := re.fullmatch(r"commits/(\w+)/pulls", path):
        needs(allowed, "pull-requests", "read")
        return github["merges"].get(found[1], [])
    if path.startswith("actions/"):
        needs(allowed, "actions", "read")
        return runs(github, path, query)
    raise PermissionError(f"Not Found: {method} {path} (HTTP 404)")


def runs(github, path, query):
    """Runs of workflows: the plans of a commit, or one by its number."""
    if path == "actions/workflows/plan.yml/runs":
        plans = [run for run in github["runs"] if run["path"].endswith("/plan.yml")]
        return {"workflow_runs": [run for run in plans if run["head_sha"] == query["head_sha"]]}
    if asked := re.fullmatch(r"actions/runs/(\d+)/artifacts", path):
        folder = Path(os.environ["FAKE_GITHUB"]).parent / "artifacts" / asked[1]
        return {"artifacts": [{"name": each.name, "expired": False} for each in sorted(folder.glob("*"))]}
    found = [run for run in github["runs"] if path == f"actions/runs/{run['id']}"]
    if not found:
        raise PermissionError(f"Not Found: GET {path} (HTTP 404)")
    return found[0]


def issues(github, method, path, query, *, allowed, fields):
    """Issues, which pull requests are among: read, opened, edited."""
    needs(allowed, "issues", "read" if method == "GET" else "write")
    if method == "GET":
        state, author = query.get("state", "open"), query.get("creator")
        return [
            each
            for each in github["issues"]
            if state in {"all", each["state"]} and author in {None, each["user"]["login"]}
        ]
    fits(fields.get("body", ""))
    if method == "POST":
        assert set(fields) == {"title", "body"}
        new = {"number": 1000 + len(github["issues"]), "state": "open", "user": {"login": BOT}, **fields}
        github["issues"].append(new)
        return new
    issue = next(each for each in github["issues"] if each["number"] == int(path.removeprefix("issues/")))
    if issue["user"]["login"] != BOT:
        raise PermissionError("another author's issue was edited")
    assert set(fields) <= {"title", "body", "state", "state_reason"}
    issue.update(fields)
    return issue


def fits(body):
    if len(body.encode("utf-16-le")) // 2 > LONGEST:
        raise PermissionError("Validation Failed: body is too long (maximum is 65536 characters) (HTTP 422)")


if __name__ == "__main__":
    sys.exit(main())
