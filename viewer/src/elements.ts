/** The elements that index.html has ready for the scripts. */

/** The element with this id, of the class that its script expects. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return found;
}

/** A region's or module's name in a line of text: cut where it is long, and read by itself. */
export function nameElement(name: string): HTMLElement {
  const span = document.createElement('span');
  span.className = 'name';
  span.textContent = name;
  span.title = name;
  return span;
}

/** A piece of text with a class of its own. */
export function part(name: string, text: string): HTMLElement {
  const span = document.createElement('span');
  span.className = name;
  span.textContent = text;
  return span;
}
