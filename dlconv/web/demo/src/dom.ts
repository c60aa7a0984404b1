// Finding and making elements of the page.

/** The element that a selector names, of a class. Throws when the page has no such element. */
export function find<T extends Element>(
  selector: string,
  kind: new () => T,
  within: ParentNode = document,
): T {
  const found = within.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** A choice of one among several, as a labelled radio button. */
export function radio(
  name: string,
  value: string,
  checked: boolean,
  ...label: (Node | string)[]
): HTMLLabelElement {
  return make("label", {}, make("input", { type: "radio", name, value, checked }), ...label);
}
