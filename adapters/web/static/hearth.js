// Hearth: what makes pages quicker to work with. Everything works without it.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---- Parts that are fetched again ------------------------------------------

// refresh fetches this page, or the element's own address, and puts the new
// form of the elements in place. A part in which somebody is working is left
// alone and offers the change instead.
async function refresh(elements) {
  const byAddress = new Map();
  for (const el of elements) {
    const address = el.dataset.src || location.pathname + location.search;
    byAddress.set(address, [...(byAddress.get(address) ?? []), el]);
  }
  for (const [address, parts] of byAddress) {
    const doc = await load(address);
    if (doc) parts.forEach((el) => swap(el, doc.getElementById(el.id)));
  }
}

async function load(address, body) {
  let answer;
  try {
    answer = await fetch(address, { method: body ? "POST" : "GET", body, headers: { "X-Hearth-Refresh": "1" }, credentials: "same-origin" });
  } catch {
    return null; // the network is away; the next change asks again
  }
  // The session has ended: to the sign-in page, and back. A form that is being
  // filled in stays; when it is sent it comes back behind the sign-in.
  if (answer.status === 401 && !working(document.body)) location.reload();
  if (!answer.ok) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function swap(old, fresh) {
  if (!fresh || old.isEqualNode(fresh)) return;
  if (working(old)) {
    offer(old);
    return;
  }
  const open = new Set($$("details[open][id]", old).map((d) => d.id));
  const focus = old.contains(document.activeElement) ? document.activeElement.id || document.activeElement.getAttribute("href") : null;
  old.replaceWith(fresh);
  $$("details[id]", fresh).forEach((d) => { if (open.has(d.id)) d.open = true; });
  if (focus) ($$("[id], a[href]", fresh).find((e) => e.id === focus || e.getAttribute("href") === focus))?.focus();
  fresh.classList.add("changed");
  enhance(fresh);
}

// working reports whether somebody has typed into the part or has a question open.
function working(el) {
  return $$("form", el).some((f) => f.dataset.dirty) || $$("[data-asking]", el).length > 0;
}

function offer(el) {
  if ($(".newer", el)) return;
  const button = document.createElement("button");
  button.className = "button small newer";
  button.type = "button";
  button.textContent = "内容有更新,点这里查看(正在填写的内容会清空)";
  button.addEventListener("click", () => {
    $$("form", el).forEach((f) => delete f.dataset.dirty);
    button.remove();
    refresh([el]);
  });
  el.prepend(button);
}

// ---- Live parts: one connection for each visible tab --------------------------

const live = {
  source: null,
  versions: new Map(), // topic -> the version that the page shows
  start() {
    const parts = $$("[data-live]");
    if (document.hidden || this.source || parts.length === 0) return;
    const query = new URLSearchParams();
    for (const topic of new Set(parts.map((p) => p.dataset.live))) {
      const known = this.versions.get(topic) ?? parts.find((p) => p.dataset.live === topic)?.dataset.version ?? "";
      query.append("topic", known ? `${topic}@${known}` : topic);
    }
    this.source = new EventSource("/events?" + query);
    this.source.addEventListener("changed", (event) => {
      const { topic, version } = JSON.parse(event.data);
      this.versions.set(topic, version);
      refresh($$("[data-live]").filter((p) => p.dataset.live === topic));
    });
  },
  stop() {
    this.source?.close();
    this.source = null;
  },
};
document.addEventListener("visibilitychange", () => (document.hidden ? live.stop() : live.start()));
addEventListener("pagehide", () => live.stop());
addEventListener("pageshow", (event) => { if (event.persisted) live.start(); });

function polled() {
  if (document.hidden) return;
  for (const el of $$("[data-refresh]")) {
    const last = Number(el.dataset.last ?? 0);
    if (Date.now() - last < Number(el.dataset.refresh) * 1000) continue;
    if (last) refresh([el]).then(() => { const now = document.getElementById(el.id); if (now) now.dataset.last = Date.now(); });
    el.dataset.last = Date.now();
  }
}
setInterval(polled, 1000);

// ---- Forms -----------------------------------------------------------------

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form && form.method === "post" && !form.matches(".search, .filter")) form.dataset.dirty = "1";
});
addEventListener("beforeunload", (event) => {
  if ($$("form[data-dirty]").some((f) => !f.dataset.sent)) event.preventDefault();
});
// A form is sent once. It is freed again when the page comes back from history.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => $$("button:not([type=button])", form).forEach((b) => { b.disabled = true; }), 0);
  setTimeout(() => trying(form), 3000);
});

// trying says that an answer takes its time: the server tries again and again
// while the event store changes its leader, for as long as a request lasts.
function trying(form) {
  if (!form.dataset.sent || $(".trying", form)) return;
  const note = document.createElement("p");
  note.className = "note warn trying";
  note.setAttribute("role", "status");
  note.textContent = "还在办理,系统正在反复尝试,最多等半分钟。请不要关闭或刷新本页;办成与否都会告诉您,不会重复登记。";
  form.append(note);
  note.scrollIntoView({ block: "nearest" });
}

addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  $(".trying", form)?.remove();
  $$("button", form).forEach((b) => { b.disabled = false; });
}));

// Buttons that fill in what the page knows already. Without script they are not
// there, and the amounts are typed.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill], [data-fill-all], [data-check-all]");
  if (!button) return;
  const touch = (input) => ["input", "change"].forEach((name) => input.dispatchEvent(new Event(name, { bubbles: true })));
  const table = button.closest("table");
  const fill = (b) => { const input = document.getElementById(b.dataset.fillInto); input.value = b.dataset.fill; touch(input); };
  if (button.matches("[data-fill]")) fill(button);
  if (button.matches("[data-fill-all]")) $$("[data-fill]", table).forEach(fill);
  if (button.matches("[data-check-all]")) {
    const boxes = $$("input[type=checkbox]", table);
    const all = boxes.every((b) => b.checked);
    boxes.forEach((b) => { b.checked = !all; touch(b); });
  }
});

// Amounts show how they are understood, digits of any width put right.
function money(input) {
  const plain = input.value.normalize("NFKC").replace(/[,\s¥元]/g, "");
  const match = plain.match(/^(\d+)(\.\d+)?(万)?$/);
  if (!match) return;
  const [whole, places] = match[3] ? shift(match[1], match[2] ?? "", 4) : [match[1], match[2] ?? ""];
  input.value = whole.replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ",") + places;
}
function shift(whole, places, by) {
  const digits = places.slice(1).padEnd(by, "0");
  const rest = digits.slice(by).replace(/0+$/, "");
  return [whole + digits.slice(0, by), rest ? "." + rest : ""];
}

// ---- Type-ahead ----------------------------------------------------------------

// typed calls back when a text has settled. While pinyin is being composed the
// input holds letters that are no text yet; compositionend ends that.
function typed(input, then, wait = 250) {
  let timer;
  const later = () => { clearTimeout(timer); timer = setTimeout(then, wait); };
  input.addEventListener("input", (event) => { if (!event.isComposing) later(); });
  input.addEventListener("compositionend", later);
}

// suggest turns an input into a combobox fed by its data-suggest address, which
// takes q by POST and answers [{value, label, hint}]. The value goes into the
// field named by data-into, and is taken back when the text is changed.
function suggest(input) {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  const into = () => input.dataset.into && input.form.elements[input.dataset.into];
  let current = -1;
  let serial = 0;
  const close = () => { list.hidden = true; current = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const choose = (item) => {
    input.value = item.dataset.label;
    if (into()) into().value = item.dataset.value;
    close();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const mark = (n) => {
    const items = $$("li", list);
    if (items.length === 0) return;
    current = (n + items.length) % items.length;
    items.forEach((item, i) => item.setAttribute("aria-selected", String(i === current)));
    input.setAttribute("aria-activedescendant", items[current].id);
    items[current].scrollIntoView({ block: "nearest" });
  };
  typed(input, async () => {
    if (into()) into().value = "";
    const mine = ++serial;
    const text = input.value.trim();
    if (!text) return close();
    let found = [];
    try {
      const answer = await fetch(input.dataset.suggest, { method: "POST", body: new URLSearchParams({ q: text }), credentials: "same-origin" });
      if (answer.ok) found = await answer.json();
    } catch { /* the text stands as it was typed */ }
    if (mine !== serial || document.activeElement !== input) return;
    list.replaceChildren(...(found ?? []).map((f, i) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${i}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.dataset.value = f.value;
      item.dataset.label = f.label;
      item.textContent = f.label;
      if (f.hint) {
        const hint = document.createElement("small");
        hint.textContent = f.hint;
        item.append(hint);
      }
      item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(item); });
      return item;
    }));
    list.hidden = list.childElementCount === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    current = -1;
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    if (event.key === "ArrowDown") { event.preventDefault(); mark(current + 1); }
    if (event.key === "ArrowUp") { event.preventDefault(); mark(current - 1); }
    if (event.key === "Enter" && current >= 0) { event.preventDefault(); choose(list.children[current]); }
    if (event.key === "Escape") { event.stopPropagation(); close(); }
  });
  input.addEventListener("blur", close);
}

// hints sends a form's fields to its data-hints address while they are typed and
// shows the fragment that comes back in the element named by data-hints-into.
function hints(form) {
  const place = document.getElementById(form.dataset.hintsInto);
  const ask = async () => {
    const doc = await load(form.dataset.hints, new URLSearchParams(new FormData(form)));
    if (doc) place.replaceChildren(...doc.body.childNodes);
  };
  $$("input, textarea, select", form).forEach((input) => typed(input, ask, 400));
  form.addEventListener("change", ask);
}

// ---- Dialogs and menus -----------------------------------------------------

// A question opens as a dialog in place of its disclosure. The dialog hangs on
// the page itself: within a closed disclosure nothing is drawn.
function confirmation(details) {
  const body = $(".confirm-body", details);
  const dialog = document.createElement("dialog");
  const title = $("h2", body);
  title.id ||= "q" + Math.random().toString(36).slice(2);
  dialog.setAttribute("aria-labelledby", title.id);
  const open = () => {
    details.dataset.asking = "1";
    details.open = false;
    dialog.append(body);
    document.body.append(dialog);
    dialog.showModal();
  };
  dialog.addEventListener("close", () => {
    delete details.dataset.asking;
    details.append(body);
    dialog.remove();
  });
  $("summary", details).addEventListener("click", (event) => { event.preventDefault(); open(); });
  $$("[data-close]", body).forEach((b) => b.addEventListener("click", () => {
    $$("form", body).forEach((f) => { f.reset(); delete f.dataset.dirty; });
    dialog.close();
  }));
  if (details.open) open();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  const dialog = opener && document.getElementById(opener.dataset.open);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  }
  const printer = event.target.closest("[data-print]");
  if (printer) {
    event.preventDefault();
    print();
  }
  for (const menu of $$("details[data-menu][open]")) {
    if (!menu.contains(event.target) || dialog) menu.open = false;
  }
});

// Whoever prints a page that holds a case is noted, whichever way they print it.
addEventListener("beforeprint", () => {
  const page = document.querySelector("[data-printed]");
  if (page) navigator.sendBeacon(page.dataset.printed, new URLSearchParams({ screen: page.dataset.screen, beacon: "1" }));
});

// ---- Keys ------------------------------------------------------------------

let going = 0; // when g was pressed
document.addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.isComposing) return;
  if (event.key === "Enter" && event.ctrlKey && at.form?.method === "post") {
    event.preventDefault();
    at.form.requestSubmit();
    return;
  }
  if (event.key === "Escape") {
    $$("details[data-menu][open]").forEach((m) => { m.open = false; $("summary", m).focus(); });
    if (at.matches("input, textarea, select") && !at.closest("dialog")) at.blur();
    return;
  }
  if (event.ctrlKey || event.altKey || event.metaKey || at.matches("input, textarea, select, [contenteditable]") || $("dialog[open]")) return;
  if (Date.now() - going < 1500) {
    going = 0;
    const link = $(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  switch (event.key) {
    case "?": document.getElementById("keys")?.showModal(); break;
    case "/": $('[data-key="/"]')?.focus(); break;
    case "g": going = Date.now(); break;
    case "n": $("[data-next]")?.click(); break;
    case "j": step(1); break;
    case "k": step(-1); break;
    default: return;
  }
  event.preventDefault();
});

// step moves the focus along the first links of the rows of a list.
function step(by) {
  const rows = $$("[data-list] [data-row]").filter((r) => r.checkVisibility());
  const at = rows.indexOf(document.activeElement);
  rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}

// ---- Start -----------------------------------------------------------------

function enhance(root) {
  $$("[data-fill], [data-fill-all], [data-check-all]", root).forEach((b) => { b.hidden = false; });
  $$("[data-suggest]", root).forEach(suggest);
  $$("form[data-hints]", root).forEach(hints);
  $$("details[data-confirm]", root).forEach(confirmation);
  $$("[data-money]", root).forEach((input) => input.addEventListener("change", () => money(input)));
}

enhance(document);
live.start();
$("[data-focus]")?.focus();

// The position that this page waited for belongs to this visit only.
const here = new URL(location.href);
const late = "stale" in document.body.dataset;
if (here.searchParams.has("at") && !late) {
  here.searchParams.delete("at");
  history.replaceState(history.state, "", here);
}
// A page that was shown before its data had arrived looks again by itself.
if (late) {
  const again = async () => {
    const doc = await load(location.href);
    const main = doc && $("main", doc);
    if (!main || "stale" in doc.body.dataset) return void setTimeout(again, 2000);
    if (working(document.body)) return;
    $("main").replaceChildren(...main.childNodes);
    delete document.body.dataset.stale;
    enhance($("main"));
  };
  setTimeout(again, 1500);
}
