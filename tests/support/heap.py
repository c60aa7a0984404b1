"""What a page and its workers hold, as Chromium's inspector counts it."""

import json


class Heap:
    """The memory of a page with workers that already run."""

    def __init__(self, page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._workers: list[str] = []
        self._answers: dict[int, dict] = {}
        self._last = 0
        self._session.on("Target.attachedToTarget", self._attach)
        self._session.on("Target.receivedMessageFromTarget", self._hear)
        options = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": False}
        self._session.send("Target.setAutoAttach", options)

    def used(self) -> int:
        """Bytes of objects, array buffers and wasm memory, after a garbage collection."""
        asks = [self._session.send, *(self._asker(worker) for worker in self._workers)]
        for ask in asks:
            ask("HeapProfiler.collectGarbage")
        usages = [ask("Runtime.getHeapUsage") for ask in asks]
        return sum(int(usage["usedSize"] + usage["backingStorageSize"]) for usage in usages)

    def _attach(self, event) -> None:
        self._workers.append(event["sessionId"])

    def _hear(self, event) -> None:
        answer = json.loads(event["message"])
        if "id" in answer:
            self._answers[answer["id"]] = answer["result"]

    def _asker(self, worker: str):
        def ask(method: str) -> dict:
            self._last += 1
            message = json.dumps({"id": self._last, "method": method})
            sent = {"sessionId": worker, "message": message}
            self._session.send("Target.sendMessageToTarget", sent)
            while self._last not in self._answers:
                self._page.wait_for_timeout(20)
            return self._answers.pop(self._last)

        return ask
