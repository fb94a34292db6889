// How the page's own elements look once the interface is drawn around them. A constructed sheet, as the
// page's policy allows no inline style.

const SHEET = `
#search.ui-search, #search.ui-search:focus {
  position: absolute; z-index: 3; box-sizing: border-box; margin: 0; padding: 0; border: 0; border-radius: 0; outline: none;
  background: transparent; font: 17px/1.4 "Lodestone UI", system-ui, sans-serif; appearance: none;
}
#search.ui-search[data-hidden] { visibility: hidden; }
.dragging #stage::after {
  content: "Drop files or folders to add them"; position: absolute; inset: 12px; z-index: 20; display: grid; place-items: center;
  border: 2px dashed var(--accent); border-radius: 18px; background: color-mix(in srgb, var(--background) 88%, transparent);
  color: var(--accent); font: 600 22px/1.4 system-ui, sans-serif; pointer-events: none;
}
.ui-mirror { position: absolute; inset: 0; z-index: 2; pointer-events: none; overflow: clip; color: transparent; font: 12px/1.2 sans-serif; }
.ui-mirror:not(.ui-plain) * {
  position: absolute; left: 0; top: 0; box-sizing: border-box; margin: 0; padding: 0; border: 0; outline: none; background: none;
  color: transparent; font: inherit; text-align: left; white-space: nowrap; overflow: visible; pointer-events: auto; cursor: inherit;
  user-select: none; -webkit-user-select: none; -webkit-tap-highlight-color: transparent;
}
.ui-mirror:not(.ui-plain) :is(p, h2, button, [role="status"], [role="alert"]) { overflow: clip; contain: strict; }
.ui-mirror:not(.ui-plain) .ui-clips { overflow: hidden; }
.ui-mirror.ui-plain {
  position: static; max-width: 46rem; margin: 0 auto; padding: 0 1rem 2rem; pointer-events: auto; overflow: visible;
  color: inherit; font: 16px/1.45 system-ui, sans-serif;
}
.ui-why { max-width: 44rem; margin: 1rem auto; padding: .75rem 1rem; border: 1px solid; border-radius: .5rem; }
.ui-broken { position: fixed; inset: 5.5rem 1rem auto; z-index: 30; background: Canvas; color: CanvasText; }
#search.ui-search-plain { position: static; display: block; width: min(46rem, calc(100% - 2rem)); margin: 1.5rem auto 0; }
.ui-plain [role="listitem"] { margin: 0 0 1.25rem; padding: 0 0 1rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
.ui-plain p { margin: .25rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.ui-plain h2 { margin: 1rem 0 .25rem; font-size: 1.15rem; }
.ui-plain button { margin: .2rem .4rem .2rem 0; padding: .3rem .7rem; font: inherit; }
.ui-plain button[aria-checked="true"] { font-weight: 600; text-decoration: underline; }
.ui-plain [role="status"] { opacity: .8; }
.ui-plain-page { overflow: auto !important; }
dialog { max-width: 32rem; padding: 24px; border: 1px solid var(--line); border-radius: 12px; background: var(--field); color: var(--text); }
dialog::backdrop { background: rgb(0 0 0 / 40%); }
dialog h2 { margin: 0 0 8px; font-size: 1.1rem; }
dialog form { display: grid; gap: 8px; }
dialog button {
  padding: 10px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--background); color: var(--text);
  font: inherit; text-align: start; cursor: pointer;
}
dialog button:focus-visible { outline: 2px solid var(--accent); }
`;

/** Once a page. */
export function adoptStyle() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(SHEET);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
