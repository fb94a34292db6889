// What drivers meet on the page's window.
import type { Lodestone } from '../../../web/api.mjs';

declare global {
  interface Window {
    lodestone: Lodestone;
  }
}
