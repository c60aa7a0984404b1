// What a page offers to the runtime that drives it: `dlconv.start(options)` loads the artifact below
// `artifact/` and resolves to a description; `dlconv.infer(header, pixels)` resolves to {header,
// answer}. Bytes cross as base64.

export function offer(start) {
  let session;
  globalThis.dlconv = {
    async start(options) {
      session = await start(options);
      const { userAgent, hardwareConcurrency } = navigator;
      const browser = userAgent.match(/(?:Headless)?Chrome\/[\d.]+/)?.[0] ?? userAgent;
      return { ...session.description, browser, cores: hardwareConcurrency, isolated: crossOriginIsolated };
    },
    async infer(header, pixels) {
      const answered = await session.infer(header, Uint8Array.from(atob(pixels), (c) => c.charCodeAt(0)));
      return { header: answered.header, answer: await base64(answered.answer) };
    },
  };
}

export async function readArtifact(name) {
  const answer = await fetch(`artifact/${encodeURIComponent(name)}`);
  if (answer.status === 404) throw new Error(`${name}: missing`);
  if (!answer.ok) throw new Error(`${name}: HTTP status ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function base64({ buffer, byteOffset, byteLength }) {
  const reader = new FileReader();
  const done = new Promise((resolve, reject) => {
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
  });
  reader.readAsDataURL(new Blob([new Uint8Array(buffer, byteOffset, byteLength)]));
  return (await done).split(",", 2)[1];
}
