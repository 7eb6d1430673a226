// Chat with JavaScript: answers appear as they come. Without it the form does the same, all at once.
// Text goes in as text; the finished answer comes as markup from our own page, as every live region does.
"use strict";

(() => {
  const form = document.getElementById("ask");
  const thread = document.getElementById("thread");
  if (!form || !thread || !window.ReadableStream) return;
  const box = form.elements.text, stop = document.getElementById("stop-answer");
  let answering = null;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const follow = event.submitter && event.submitter.name === "follow" ? event.submitter.value : "";
    const text = (follow || box.value).trim();
    if (text && !answering) ask(text);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.yes"));
  });
  stop.addEventListener("click", () => answering && answering.abort());

  function turn(role, name) {
    const one = document.createElement("article"), by = document.createElement("p"), words = document.createElement("div");
    one.className = "turn " + role;
    by.className = "by quiet";
    by.append(Object.assign(document.createElement("b"), { textContent: name }));
    words.className = role === "user" ? "asked" : "words coming";
    one.append(by, words);
    thread.append(one);
    return words;
  }

  function busy(on) {
    stop.hidden = !on;
    for (const one of form.querySelectorAll("button[type=submit], button.yes")) one.disabled = on;
    thread.setAttribute("aria-busy", String(on));
  }

  async function ask(text) {
    const empty = thread.querySelector(".empty");
    if (empty) empty.remove();
    turn("user", form.dataset.name).textContent = text;
    const words = turn("assistant", "Groundcrew");
    words.textContent = "…";
    words.scrollIntoView({ block: "nearest" });
    answering = new AbortController();
    busy(true);
    const body = { text };
    for (const name of ["conversation_id", "incident_id", "host"]) {
      const field = form.elements[name];
      if (field && field.value.trim()) body[name] = field.value.trim();
    }
    try {
      await listen(body, words);
      box.value = "";
    } catch (error) {
      words.append(document.createElement("br"));
      const note = document.createElement("em");
      note.textContent = error.name === "AbortError" ? "Stopped." : `✕ ${error.message}`;
      words.append(note);
    } finally {
      answering = null;
      busy(false);
      box.focus({ preventScroll: true });
    }
  }

  async function listen(body, words) {
    const reply = await fetch(form.dataset.stream, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(body),
      signal: answering.signal,
    });
    if (!reply.ok) throw new Error((await reply.json()).detail || reply.statusText);
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "", said = "", answer = null;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      held += value;
      const events = held.split("\n\n");
      held = events.pop();
      for (const one of events) {
        if (one.startsWith(":")) continue;
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(one) || [];
        if (name === "text") {
          said += JSON.parse(data).text;
          words.textContent = said;
          follow(words);
        } else if (name === "answer") answer = JSON.parse(data);
        else if (name === "problem") throw new Error(JSON.parse(data).detail);
      }
    }
    if (!answer) throw new Error("the answer ended too early");
    await settle(answer);
  }

  // the page of the conversation has the answer rendered, its sources and its title
  async function settle(answer) {
    const path = form.dataset.chat.replace(/\/chat\/(\?|$)/, `/chat/${answer.conversation_id}$1`);
    const reply = await fetch(path, { headers: { Accept: "text/html" } });
    if (!reply.ok) throw new Error(reply.statusText);
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
    history.replaceState(null, "", path);
    document.title = fresh.title;
    for (const id of ["thread", "talks-list", "talk-head", "follow"]) {
      const old = document.getElementById(id), now = fresh.getElementById(id);
      if (old && now) old.replaceChildren(...document.importNode(now, true).childNodes);
    }
    if (!form.elements.conversation_id) {
      const field = Object.assign(document.createElement("input"), { type: "hidden", name: "conversation_id" });
      form.prepend(field);
    }
    form.elements.conversation_id.value = answer.conversation_id;
    const newest = document.getElementById("newest");
    if (newest) newest.scrollIntoView({ block: "start" });
  }

  function follow(words) {
    const below = document.documentElement.scrollHeight - innerHeight - scrollY;
    if (below < 200) words.scrollIntoView({ block: "end" });
  }
})();
