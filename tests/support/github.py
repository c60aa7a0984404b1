"""The part of GitHub's REST API that releases need, as its documentation describes it."""

import hashlib
import itertools
import json
import re

from werkzeug import Request, Response

REPOSITORY = "/repos/me/models"


class GitHubServer:
    """Releases of ``me/models`` on a pytest-httpserver; ``troubles`` are statuses to answer first.

    A trouble during an upload leaves a started asset, as GitHub does.
    """

    def __init__(self, server, token: str) -> None:
        self.releases: dict[int, dict] = {}
        self.content: dict[int, bytes] = {}
        self.requests: list[str] = []
        self.troubles: list[int] = []
        self._token = token
        self._ids = itertools.count(1)
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self._answer)

    def published(self) -> dict[str, dict]:
        """The releases that anyone sees, by tag."""
        return {each["tag_name"]: each for each in self.releases.values() if not each["draft"]}

    def assets(self, release: dict) -> dict[str, bytes]:
        """The contents of a release's assets by name."""
        return {each["name"]: self.content[each["id"]] for each in release["assets"]}

    def _answer(self, request: Request) -> Response:
        self.requests.append(f"{request.method} {request.path}")
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return _json({"message": "Bad credentials"}, 401)
        for pattern, method, handler in (
            (REPOSITORY, "GET", lambda _: _json({"full_name": "me/models"})),
            (f"{REPOSITORY}/releases", "GET", self._list),
            (f"{REPOSITORY}/releases", "POST", self._create),
            (f"{REPOSITORY}/releases/tags/(.+)", "GET", self._by_tag),
            (f"{REPOSITORY}/releases/(\\d+)", "PATCH", self._update),
            (f"{REPOSITORY}/releases/(\\d+)/assets", "GET", self._list_assets),
            (f"/uploads{REPOSITORY}/releases/(\\d+)/assets", "POST", self._upload),
            (f"{REPOSITORY}/releases/assets/(\\d+)", "GET", self._download),
            (f"{REPOSITORY}/releases/assets/(\\d+)", "DELETE", self._delete),
        ):
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                return handler(request, *match.groups())
        return _json({"message": "Not Found"}, 404)

    def _list(self, request: Request) -> Response:
        return _json(_page(request, list(self.releases.values())))

    def _create(self, request: Request) -> Response:
        number = next(self._ids)
        url = f"{self.url}{REPOSITORY}/releases/{number}"
        upload = f"{self.url}/uploads{REPOSITORY}/releases/{number}/assets{{?name,label}}"
        self.releases[number] = {
            **{"id": number, "url": url, "upload_url": upload, "assets": []},
            **request.get_json(),
        }
        return _json(self.releases[number], 201)

    def _by_tag(self, _: Request, tag: str) -> Response:
        found = self.published().get(tag)
        return _json(found) if found else _json({"message": "Not Found"}, 404)

    def _update(self, request: Request, number: str) -> Response:
        self.releases[int(number)].update(request.get_json())
        return _json(self.releases[int(number)])

    def _list_assets(self, request: Request, number: str) -> Response:
        return _json(_page(request, self.releases[int(number)]["assets"]))

    def _upload(self, request: Request, number: str) -> Response:
        assets, name = self.releases[int(number)]["assets"], request.args["name"]
        if any(each["name"] == name for each in assets):
            error = {"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}
            return _json({"message": "Validation Failed", "errors": [error]}, 422)
        content = request.get_data()
        key = next(self._ids)
        trouble = self.troubles.pop(0) if self.troubles else None
        url = f"{self.url}{REPOSITORY}/releases/assets/{key}"
        asset = {"id": key, "url": url, "name": name, "state": "starter", "digest": None}
        assets.append(asset)
        if trouble:
            return _json({"message": "Server Error"}, trouble)
        self.content[key] = content
        asset.update(state="uploaded", digest=f"sha256:{hashlib.sha256(content).hexdigest()}")
        return _json(asset, 201)

    def _download(self, request: Request, key: str) -> Response:
        if request.headers["Accept"] != "application/octet-stream":
            return _json({"message": "not asked for in the tests"}, 400)
        return Response(self.content[int(key)])

    def _delete(self, _: Request, key: str) -> Response:
        for release in self.releases.values():
            release["assets"][:] = [each for each in release["assets"] if each["id"] != int(key)]
        return Response(status=204)


def _page(request: Request, items: list) -> list:
    size, page = int(request.args["per_page"]), int(request.args["page"])
    return items[size * (page - 1) : size * page]


def _json(data, status: int = 200) -> Response:
    return Response(json.dumps(data), status, content_type="application/json")
