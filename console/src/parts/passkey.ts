/** Passkeys: the browser's part of making and using them; every byte is checked by the server. */

/** False in an old browser, where the page is not served securely, and under a bare IP address, which has no name. */
export function passkeysWork(): boolean {
  if (/^[\d.]+$|:/.test(location.hostname)) return false;
  return "PublicKeyCredential" in globalThis && "parseRequestOptionsFromJSON" in PublicKeyCredential;
}

/** Options as WebAuthn's JSON has them, and its answers; the API does not look into either. */
type Json = Record<string, unknown>;

/** Asks the person's device for a new passkey; null when they turned away. */
export async function makePasskey(options: Json): Promise<Json | null> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  return await asked(() => navigator.credentials.create({ publicKey }));
}

/** Asks the person's device to sign a challenge; null when they turned away. */
export async function askPasskey(options: Json): Promise<Json | null> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  return await asked(() => navigator.credentials.get({ publicKey }));
}

async function asked(ask: () => Promise<Credential | null>): Promise<Json | null> {
  try {
    const made = await ask();
    return made instanceof PublicKeyCredential ? made.toJSON() : null;
  } catch (error) {
    // The browser says the same whether it was refused, ran out of time, or had none.
    if (error instanceof DOMException && ["NotAllowedError", "AbortError"].includes(error.name)) return null;
    throw error;
  }
}
