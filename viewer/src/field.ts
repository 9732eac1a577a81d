/** Values of a manifest, which may hold anything, read one at a time. */

/** A manifest that this viewer cannot show; the message is a sentence for the reader. */
export class ManifestError extends Error {}

/** One value of the manifest and where it stands, so that a refusal can name the place. */
export class Field {
  constructor(
    private readonly value: unknown,
    private readonly where: string,
  ) {}

  refuse(expected: string): never {
    throw new ManifestError(`The manifest is damaged: ${this.where} is not ${expected}.`);
  }

  get(key: string): Field {
    if (typeof this.value !== 'object' || this.value === null) this.refuse('an object');
    return new Field(Reflect.get(this.value, key), `${this.where}.${key}`);
  }

  list<T>(read: (item: Field, index: number) => T): T[] {
    if (!Array.isArray(this.value)) this.refuse('a list');
    return this.value.map((item, index) => read(new Field(item, `${this.where}[${index}]`), index));
  }

  optional<T>(read: (field: Field) => T): T | null {
    return this.value === null ? null : read(this);
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.refuse('a text');
  }

  /** A part of a path: what is made of such parts leads nowhere else. */
  pathPart(form: RegExp): string {
    const text = this.text();
    return form.test(text) ? text : this.refuse('the name of a file or folder of the site');
  }

  file(): string {
    return this.pathPart(/^[a-z0-9][a-z0-9.-]*$/);
  }

  folder(): string {
    return this.pathPart(/^(pictures|bundles|atlases)\/[a-z0-9-]+$/);
  }

  colour(): string {
    const text = this.text();
    return /^#[0-9a-f]{6}$/.test(text) ? text : this.refuse('a colour such as #1f2e3d');
  }

  count(): number {
    const { value } = this;
    return Number.isSafeInteger(value) && Number(value) >= 0
      ? Number(value)
      : this.refuse('a whole number');
  }

  hex(): bigint {
    const { value } = this;
    return typeof value === 'string' && /^0x[0-9a-f]+$/.test(value)
      ? BigInt(value)
      : this.refuse('a hexadecimal text');
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.refuse('true or false');
  }

  oneOf<T>(allowed: readonly T[]): T {
    const found = allowed.find((item) => item === this.value);
    return found === undefined ? this.refuse(`one of ${allowed.join(', ')}`) : found;
  }

  /** The item of `items` that this index names. */
  itemOf<T>(items: readonly T[]): T {
    return items[this.count()] ?? this.refuse('an index of the list it points into');
  }
}
