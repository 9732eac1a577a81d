/** Text on a canvas, cut to the room that it has. */

const widths = new Map<string, number>();
const WIDTHS_KEPT = 20_000;

/** The width of `text` in the context's font; measured once, because labels are drawn every frame. */
export function textWidth(context: CanvasRenderingContext2D, text: string): number {
  const key = `${context.font}\n${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size >= WIDTHS_KEPT) widths.clear();
    width = context.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}

/** `text`, or as much of it as fits `room` with an ellipsis; empty where not even three letters do. */
export function fitText(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (textWidth(context, text) <= room) return text;
  let [fitting, over] = [0, text.length];
  while (over - fitting > 1) {
    const middle = (fitting + over) >> 1;
    if (textWidth(context, `${text.slice(0, middle)}…`) <= room) fitting = middle;
    else over = middle;
  }
  // Half a surrogate pair would be drawn as a box.
  const cut = text.slice(0, fitting).replace(/[\ud800-\udbff]$/, '');
  return fitting < 3 ? '' : `${cut}…`;
}
