import { connect } from "pushmesh/device";

const find = (id) => document.getElementById(id);
const post = (path, body) =>
  fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const { url, appId } = await (await fetch("/config")).json();
const push = await connect({
  url,
  appId,
  async grant({ deviceId }) {
    const answer = await post("/grant", { device: deviceId });
    if (!answer.ok) throw new Error(`no grant: ${answer.status}`);
    return answer.text();
  },
});

push.onState(({ state }) => {
  find("state").textContent = state === "connected" ? "" : "Connecting …";
});
push.onMessage(({ data: { from, text, isPrivate } }) => {
  const line = document.createElement("li");
  line.textContent = `${from}: ${text}`;
  line.className = isPrivate ? "private" : "";
  find("messages").append(line);
});

function show(isSignedIn) {
  if (!isSignedIn) find("messages").replaceChildren();
  find("sign-in").hidden = isSignedIn;
  find("say").hidden = !isSignedIn;
  find("sign-out").hidden = !isSignedIn;
}

/** The SDK does not tell the other tabs when somebody signs in or out. */
const tabs = new BroadcastChannel("chat");
function showEverywhere(isSignedIn) {
  show(isSignedIn);
  tabs.postMessage(isSignedIn);
}
tabs.onmessage = ({ data }) => show(data);

/** Signed in: this browser is one of the user's devices, and in the lobby. */
async function enter(name) {
  await push.register();
  await push.setAlias(`user/${name}`, { shared: true });
  await push.subscribe("room/lobby");
  showEverywhere(true);
}

find("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = new FormData(event.target).get("name");
  const answer = await post("/sign-in", { name });
  if (answer.ok) await enter(name);
  else find("state").textContent = await answer.text();
});

find("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = new FormData(event.target).get("text");
  event.target.reset();
  const [, to, rest] = /^@(\w+)\s+(.*)/s.exec(text) ?? [];
  await post("/say", to === undefined ? { room: "lobby", text } : { to, text: rest });
});

find("sign-out").addEventListener("click", async () => {
  // Ends the registration with its alias and its tags: the next user of this browser gets none of these messages.
  await push.signOut();
  showEverywhere(false);
});

// It may be registered since an earlier visit.
show(push.regId !== undefined);
