/** Names as a dump spells them, made safe to read: they may hold anything but a NUL. */

/** Characters that are not seen, and those that turn the reading order of their neighbours. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\u200b\ufeff]/gu;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;

/** `name` with unseen characters spelled out: `gpj.exe` must not be read from `\u202eexe.jpg`. */
export function visibleName(name: string): string {
  return name.replace(UNSEEN, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/** `name` for the middle of a sentence, which a name written from right to left would reorder. */
export function isolated(name: string): string {
  return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
