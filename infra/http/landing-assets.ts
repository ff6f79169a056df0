// Stylesheet and script of this server's own pages, from its own address, since its content policy allows no others.

export const style = `:root{color-scheme:light dark;--page:#fcfaf6;--surface:#fff;--line:#e8e2d6;--ink:#1c1a17;--ink-2:#544e46;--brand:#2a2f6b;--on-brand:#fff;--link:#383f8f;--good:#1d6840;--good-soft:#dcf2e4;--bad:#b02a20;--bad-soft:#fce3e0;--focus:#4d56b8}
@media (prefers-color-scheme:dark){:root{--page:#121119;--surface:#1a1923;--line:#2c2a38;--ink:#f3f0ea;--ink-2:#b7b1bf;--brand:#aeb4f6;--on-brand:#14131a;--link:#b6bcfa;--good:#6fd39c;--good-soft:#14301f;--bad:#ff948a;--bad-soft:#3a1a18;--focus:#aeb4f6}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/24px "Plus Jakarta Sans Variable","Plus Jakarta Sans",system-ui,sans-serif}
header,main{max-width:40rem;margin:0 auto;padding:0 20px}header{padding-top:24px}header a{color:var(--brand);font-weight:800;font-size:18px;text-decoration:none}
h1{font-size:28px;line-height:34px;font-weight:800;letter-spacing:-.01em;margin:40px 0 12px}p{margin:0 0 20px;color:var(--ink-2)}a{color:var(--link)}
code{font:14px/20px "JetBrains Mono Variable","JetBrains Mono",ui-monospace,monospace;overflow-wrap:anywhere}
.places{list-style:none;margin:24px 0 48px;padding:0;background:var(--surface);border:1px solid var(--line);border-radius:12px}
.places li{display:flex;flex-wrap:wrap;align-items:center;gap:0 12px;min-height:44px;padding:10px 16px}.places li+li{border-top:1px solid var(--line)}.places a{font-weight:650;min-width:11rem}.places span{color:var(--ink-2);font-size:14px}
form{margin:24px 0}label{display:block;font-weight:650;margin-bottom:8px}
input{width:100%;min-height:44px;padding:8px 12px;font:inherit;color:inherit;background:var(--surface);border:1px solid var(--line);border-radius:8px;margin-bottom:16px}
button{min-height:44px;padding:8px 20px;font:inherit;font-weight:650;color:var(--on-brand);background:var(--brand);border:0;border-radius:8px;cursor:pointer}button:disabled{opacity:.6;cursor:default}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.good,.bad{padding:12px 16px;border-radius:8px}.good{color:var(--good);background:var(--good-soft)}.bad{color:var(--bad);background:var(--bad-soft)}
[hidden]{display:none}
`;

// NOTE: the key of a command is made once per page, so that a second click repeats the first one.
export const script = `const form = document.querySelector('form[data-path]');
const token = new URLSearchParams(location.hash.slice(1)).get('token');
const show = (name) => { for (const each of document.querySelectorAll('[data-when]')) each.hidden = each.dataset.when !== name; };
const key = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64; bytes[8] = (bytes[8] & 63) | 128;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};
let lastBody = ''; let lastKey = '';
const send = async () => {
  const body = JSON.stringify({ token, ...Object.fromEntries(new FormData(form)) });
  if (body !== lastBody) { lastBody = body; lastKey = key(); }
  const answer = await fetch('/api/v1' + form.dataset.path, { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': lastKey }, body });
  if (answer.ok) {
    form.hidden = true; show('done');
    const orders = document.querySelector('[data-orders]');
    if (orders) orders.textContent = ((await answer.json()).orderIds ?? []).join(', ');
    history.replaceState(null, '', location.pathname); return; }
  document.querySelector('[data-reason]').textContent = (await answer.json()).detail ?? '';
  show('failed');
};
if (token) form.hidden = false; else show('no-token');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  try { await send(); } catch { show('failed'); } finally { button.disabled = false; }
});
`;
