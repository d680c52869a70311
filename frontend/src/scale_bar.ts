// A scale bar that says Å, nm, µm or mm, whichever reads best.

const UNITS: [number, string][] = [[1e7, 'mm'], [1e4, 'µm'], [10, 'nm'], [1, 'Å']]; // Å in one

export class ScaleBar {
  private readonly element = document.createElement('div');

  constructor(parent: HTMLElement) {
    this.element.className = 'viewer-scale';
    parent.append(this.element);
  }

  /** Draw the longest of 1, 2, 5 × 10ⁿ that fits in 160 screen pixels; without a pixel size none. */
  draw(angstromPerScreenPixel: number | null): void {
    this.element.hidden = angstromPerScreenPixel === null;
    if (angstromPerScreenPixel === null) return;
    const most = 160 * angstromPerScreenPixel;
    const power = 10 ** Math.floor(Math.log10(most));
    const length = [5, 2, 1].map((n) => n * power).find((n) => n <= most * 1.000001) ?? power;
    const [size, unit] = UNITS.find(([size]) => length >= size) ?? UNITS[UNITS.length - 1];
    this.element.style.width = `${length / angstromPerScreenPixel}px`;
    this.element.textContent = `${Number((length / size).toPrecision(3))} ${unit}`;
  }
}
