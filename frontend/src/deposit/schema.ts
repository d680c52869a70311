/** The parts of JSON Schema that the sheet's schema uses. */

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string;
  anyOf?: Schema[];
  enum?: string[];
  const?: unknown;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  description?: string;
  default?: unknown;
  maxItems?: number;
}

/** The one kind of value that a form asks for where the schema allows several. */
export function plain(schema: Schema, root: Schema): Schema {
  const target = schema.$ref ? { ...root.$defs?.[schema.$ref.split('/').pop() ?? ''], description: schema.description ?? root.$defs?.[schema.$ref.split('/').pop() ?? '']?.description } : schema;
  const choices = target.anyOf?.filter((choice) => choice.type !== 'null');
  if (!choices?.length) return target;
  const chosen = choices.length === 1 ? plain(choices[0], root) : choices.every((c) => c.type === 'number' || c.type === 'array') ? { type: 'numbers' } : plain(choices[0], root);
  return { ...chosen, description: target.description ?? chosen.description };
}

const UNITS: [RegExp, string][] = [
  [/_e_per_a2$/, 'e⁻/Å²'],
  [/_kv$/, 'kV'],
  [/_mm$/, 'mm'],
  [/_um$/, 'µm'],
  [/_nm$/, 'nm'],
  [/_a$/, 'Å'],
  [/_ev$/, 'eV'],
  [/_deg$/, '°'],
  [/_kda$/, 'kDa'],
  [/_px$/, 'px'],
  [/_s$/, 's'],
];
const NAMES: Record<string, string> = { orcid: 'ORCID iD', doi: 'DOI', id: 'Name in this sheet', ncbi_taxonomy: 'NCBI taxonomy id', cs_mm: 'Spherical aberration (mm)', fsc: 'FSC curve', to: 'Record', of: 'Of' };

/** What a field is called on the page: voltage_kv → Voltage (kV). */
export function labelOf(name: string): string {
  if (NAMES[name]) return NAMES[name];
  const unit = UNITS.find(([ending]) => ending.test(name));
  const words = (unit ? name.replace(unit[0], '') : name).replaceAll('_', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${unit ? ` (${unit[1]})` : ''}`;
}
