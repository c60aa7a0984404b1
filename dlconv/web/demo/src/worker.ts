// The engine in a worker.

import { LocalEngine } from "./engine.ts";
import type { Question, Reply } from "./protocol.ts";

const engine = new LocalEngine();

function reply(content: Reply): void {
  postMessage(content);
}

function work(question: Question): Promise<unknown> {
  if (question.ask === "segment") return engine.segment(question.frame);
  const { id, url, backend } = question;
  return engine.load(url, backend, (progress) => reply({ id, progress }));
}

addEventListener("message", ({ data }: MessageEvent<Question>) => {
  work(data).then(
    (answer) => reply({ id: data.id, answer }),
    ({ name, message }: Error) => reply({ id: data.id, error: { name, message } }),
  );
});
postMessage("ready");
