/** The page's keys. */

export interface KeyActions {
  readonly zoomIn: () => void;
  readonly zoomOut: () => void;
  readonly home: () => void;
  readonly pan: (right: number, down: number) => void;
  readonly goto: () => void;
  readonly filter: () => void;
  readonly lens: (step: number) => void;
  readonly tint: (step: number) => void;
  readonly follow: () => void;
  readonly help: () => void;
  readonly leave: () => void;
}

/** Parts of the window that one press of an arrow moves by. */
const STEP = 0.15;

export function listenToKeys(actions: KeyActions): void {
  const keys: Record<string, () => void> = {
    '+': actions.zoomIn,
    '=': actions.zoomIn,
    '-': actions.zoomOut,
    _: actions.zoomOut,
    '0': actions.home,
    ArrowLeft: () => actions.pan(-STEP, 0),
    ArrowRight: () => actions.pan(STEP, 0),
    ArrowUp: () => actions.pan(0, -STEP),
    ArrowDown: () => actions.pan(0, STEP),
    '/': actions.goto,
    g: actions.goto,
    f: actions.filter,
    l: () => actions.lens(1),
    L: () => actions.lens(-1),
    t: () => actions.tint(1),
    T: () => actions.tint(-1),
    Enter: actions.follow,
    '?': actions.help,
    Escape: actions.leave,
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const { target } = event;
    const inside = (selector: string) =>
      target instanceof Element && target.closest(selector) !== null;
    // A dialog closes itself on Escape, unless its key press is taken away here.
    if (inside('dialog')) return;
    if (inside('input, select, [role=listbox]') && event.key !== 'Escape') return;
    // Enter presses what has the focus.
    if (event.key === 'Enter' && inside('button, summary, a')) return;
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
