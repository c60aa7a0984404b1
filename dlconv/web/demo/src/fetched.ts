// Fetches what belongs to the site.

/** Rejects where it is not there, or the host answers with a web page, as many do then. */
export async function fetched(url: string): Promise<Response> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} cannot be fetched: HTTP ${answer.status}`);
  if (isPage(answer)) throw new Error(`${url} cannot be fetched: the answer is a web page`);
  return answer;
}

export function isPage({ headers }: Response): boolean {
  return headers.get("Content-Type")?.startsWith("text/html") ?? false;
}
