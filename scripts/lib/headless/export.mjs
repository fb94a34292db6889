// The library out of a page, as bytes here.

/**
 * @param {import('./app_session.mjs').AppSession} app
 * @param {{damaged?: boolean}} [options]
 * @returns {Promise<Buffer>}
 */
export async function exportedBytes(app, options) {
  const base64 = await app.call(async (options) => {
    const bytes = new Uint8Array(await (await window.lodestone.export(options)).arrayBuffer());
    let binary = '';
    for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(binary);
  }, options);
  return Buffer.from(base64, 'base64');
}
