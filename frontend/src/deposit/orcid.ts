/** ORCID iDs, checked while one types: their last digit is a checksum (ISO 7064, MOD 11-2). */

import { make } from './elements';

function hasGoodChecksum(digits: string): boolean {
  let sum = 0;
  for (const digit of digits.slice(0, 15)) sum = (sum + Number(digit)) * 2;
  const last = (12 - (sum % 11)) % 11;
  return digits[15] === (last === 10 ? 'X' : String(last));
}

/** What is wrong with what was written as an ORCID iD; nothing while it is only unfinished. */
export function orcidTrouble(text: string, isFinished: boolean): string {
  const digits = text.replace(/-/g, '').toUpperCase();
  if (!digits || (!isFinished && digits.length < 16 && /^\d*$/.test(digits))) return '';
  if (!/^\d{15}[\dX]$/.test(digits)) return 'An ORCID iD has 16 digits: 0000-0002-1825-0097.';
  return hasGoodChecksum(digits) ? '' : 'One digit of this ORCID iD is wrong: its checksum does not fit.';
}

/** Say live what is wrong with an iD; take over only what is right, also where its address was pasted. */
export function checkOrcid(input: HTMLInputElement): void {
  const said = make('p', { class: 'field-finding error own', role: 'status' });
  input.placeholder = '0000-0000-0000-0000';
  const look = (isFinished: boolean): boolean => {
    const trouble = orcidTrouble(input.value, isFinished);
    said.textContent = trouble;
    if (trouble) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
    if (!said.isConnected) input.parentElement?.append(said);
    return !trouble;
  };
  input.addEventListener(
    'input',
    (event) => {
      const pasted = /orcid\.org\/([\dX-]+)/i.exec(input.value);
      if (pasted) input.value = pasted[1];
      const digits = input.value.replace(/[^\dXx]/g, '').toUpperCase();
      if (digits.length === 16) input.value = digits.replace(/(.{4})(?=.)/g, '$1-');
      if (!look(false) || (digits.length !== 16 && input.value)) event.stopImmediatePropagation(); // what is unfinished is not saved
    },
    true,
  );
  input.addEventListener('blur', () => look(true));
}
