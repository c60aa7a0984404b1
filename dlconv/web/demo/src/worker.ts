// The engine in a worker.

import { type Drawn, LocalEngine } from "./engine.ts";
import type { Question, Reply } from "./protocol.ts";

const engine = new LocalEngine();

function reply(content: Reply, transfer: Transferable[] = []): void {
  postMessage(content, { transfer });
}

function work(question: Question): Promise<unknown> {
  const { id, ask } = question;
  if (ask === "segment") return engine.segment(question.frame);
  if (ask === "draw") return engine.draw(question.frame, question.style, question.wantsLabels);
  return engine.load(question.url, question.backend, (progress) => reply({ id, progress }));
}

/** What of an answer the page gets without a copy. */
function transferred({ ask }: Question, answer: unknown): Transferable[] {
  return ask === "draw" ? [(answer as Drawn).mask] : [];
}

addEventListener("message", ({ data }: MessageEvent<Question>) => {
  work(data).then(
    (answer) => reply({ id: data.id, answer }, transferred(data, answer)),
    ({ name, message }: Error) => reply({ id: data.id, error: { name, message } }),
  );
});
postMessage("ready");
