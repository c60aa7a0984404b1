"""The part of the Hugging Face Hub's API that publishing a model needs."""

import base64
import hashlib
import json
import re

from werkzeug import Request, Response

MODEL = "me/models"
LARGE_BYTES = 100_000


class HubServer:
    """The repository ``me/models`` on a pytest-httpserver, there once it is created.

    ``commits`` are trees, files by path; ``branches`` and ``tags`` name them; ``troubles`` are
    statuses to answer the next tags with.
    """

    def __init__(self, server, token: str) -> None:
        self.commits: dict[str, dict[str, bytes]] = {}
        self.tags: dict[str, str] = {}
        self.branches: dict[str, str] = {}
        self.requests: list[str] = []
        self.troubles: list[int] = []
        self._large: dict[str, bytes] = {}
        self._token = token
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self._answer)

    def files(self, tag: str | None = None) -> dict[str, bytes]:
        """The files at a tag, or of main."""
        return self.commits[self.tags[tag] if tag else self.branches["main"]]

    def _answer(self, request: Request) -> Response:
        self.requests.append(f"{request.method} {request.path}")
        if request.path.startswith("/large/"):
            return self._receive(request)
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return _json({"error": "Invalid credentials in Authorization header"}, 401)
        api = f"/api/models/{MODEL}"
        for pattern, handler in (
            ("/api/repos/create", self._create),
            ("/api/validate-yaml", lambda _: _json({"errors": [], "warnings": []})),
            (f"{api}/refs", self._refs),
            (f"{api}/branch/(.+)", self._branch),
            (f"{api}/tree/(.+)", self._tree),
            (f"{api}/preupload/.+", self._modes),
            (f"/{MODEL}.git/info/lfs/objects/batch", self._batch),
            (f"{api}/commit/(.+)", self._commit),
            (f"{api}/tag/(.+)", self._tag),
            (f"/{MODEL}/resolve/([^/]+)/(.+)", self._resolve),
        ):
            match = re.fullmatch(pattern, request.path)
            if match and (self.branches or pattern.startswith(("/api/repos", "/api/validate"))):
                return handler(request, *match.groups())
        return _missing("RepoNotFound")

    def _create(self, _: Request) -> Response:
        there = {"url": f"{self.url}/{MODEL}"}
        if self.branches:
            return _json({"error": "You already created this model repo", **there}, 409)
        self._add_commit("main", {".gitattributes": b"*.bin filter=lfs\n"})
        return _json(there)

    def _add_commit(self, branch: str, files: dict[str, bytes]) -> str:
        content = repr((len(self.commits), sorted(files.items()))).encode()
        oid = self.branches[branch] = hashlib.sha1(content).hexdigest()
        self.commits[oid] = files
        return oid

    def _refs(self, _: Request) -> Response:
        tags = [
            {"name": name, "ref": f"refs/tags/{name}", "targetCommit": commit}
            for name, commit in self.tags.items()
        ]
        branches = [
            {"name": name, "ref": f"refs/heads/{name}", "targetCommit": commit}
            for name, commit in self.branches.items()
        ]
        return _json({"branches": branches, "converts": [], "tags": tags})

    def _branch(self, request: Request, name: str) -> Response:
        if request.method == "DELETE":
            del self.branches[name]
        elif name in self.branches:
            return _json({"error": "Reference already exists"}, 409)
        else:
            self.branches[name] = self.branches["main"]
        return _json({})

    def _tree(self, _: Request, branch: str) -> Response:
        return _json(
            [
                {"type": "file", "path": path, "size": len(content), "oid": "0" * 40}
                for path, content in self.commits[self.branches[branch]].items()
            ]
        )

    def _modes(self, request: Request) -> Response:
        files = [
            {
                "path": each["path"],
                "uploadMode": "lfs" if each["size"] > LARGE_BYTES else "regular",
                "shouldIgnore": False,
            }
            for each in request.get_json()["files"]
        ]
        return _json({"files": files})

    def _batch(self, request: Request) -> Response:
        objects = [
            {**each, "actions": {"upload": {"href": f"{self.url}/large/{each['oid']}"}}}
            for each in json.loads(request.get_data())["objects"]
        ]
        return _json({"transfer": "basic", "objects": objects})

    def _receive(self, request: Request) -> Response:
        content = request.get_data()
        assert hashlib.sha256(content).hexdigest() == request.path.rpartition("/")[2]
        self._large[request.path.rpartition("/")[2]] = content
        return Response()

    def _commit(self, request: Request, branch: str) -> Response:
        files = dict(self.commits[self.branches[branch]])
        for line in request.get_data().splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self._large[value["oid"]]
            elif operation["key"] == "deletedFile":
                del files[value["path"]]
        oid = self._add_commit(branch, files)
        return _json({"commitUrl": f"{self.url}/{MODEL}/commit/{oid}", "commitOid": oid})

    def _tag(self, request: Request, revision: str) -> Response:
        if self.troubles:
            return _json({"error": "Internal Error"}, self.troubles.pop(0))
        self.tags[request.get_json()["tag"]] = revision
        return _json({})

    def _resolve(self, _: Request, revision: str, path: str) -> Response:
        commit = {**self.branches, **self.tags}.get(revision)
        content = self.commits[commit].get(path) if commit else None
        if content is None:
            return _missing("EntryNotFound" if commit else "RevisionNotFound")
        etag = hashlib.sha1(content).hexdigest()
        return Response(content, headers={"X-Repo-Commit": commit, "ETag": f'"{etag}"'})


def _missing(code: str) -> Response:
    answer = _json({"error": "not found"}, 404)
    answer.headers["X-Error-Code"] = code
    return answer


def _json(data, status: int = 200) -> Response:
    return Response(json.dumps(data), status, content_type="application/json")
