/** Components as an app has them: in StrictMode, where React mounts everything twice. */
import { createElement as h, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { connect } from "../../../sdk/device/mod.ts";
import { PushProvider, useLive, useMessages, usePush, useTag } from "../../../sdk/react/mod.ts";

const { url, appId } = await (await fetch("/config")).json();
let connects = 0;

function Inbox({ name }: { readonly name: string }) {
  const [texts, setTexts] = useState<string[]>([]);
  useMessages(({ data }) => setTexts((before) => [...before, String(data)]));
  return h("p", { id: name }, texts.join(","));
}

function News() {
  const { isJoined } = useTag("news");
  return h("p", { id: "news" }, isJoined ? "joined" : "apart");
}

function Score() {
  const { state, latest, listeners } = useLive({ url, appId, tag: "score" });
  return h("p", { id: "score" }, `${state} ${latest?.data ?? "–"} ${listeners ?? "?"}`);
}

function Page() {
  const { state, regId, register, signOut } = usePush();
  const [isWide, setWide] = useState(true);
  return h(
    "main",
    null,
    h("p", { id: "state" }, `${state} ${connects}`),
    h("p", { id: "regid" }, regId ?? "none"),
    h("button", { type: "button", id: "register", onClick: register as () => void }, "Register"),
    h("button", { type: "button", id: "sign-out", onClick: signOut as () => void }, "Sign out"),
    h("button", { type: "button", id: "toggle", onClick: () => setWide((now) => !now) }, "Toggle"),
    h(Inbox, { name: "first" }),
    isWide && h(Inbox, { name: "second" }),
    isWide && h(News),
    h(Score),
  );
}

function App() {
  const [isOpen, setOpen] = useState(true);
  const connectOnce = () => {
    connects += 1;
    return connect({ url, appId });
  };
  return h(
    StrictMode,
    null,
    h("button", { type: "button", id: "close", onClick: () => setOpen(false) }, "Close"),
    isOpen && h(PushProvider, { connect: connectOnce }, h(Page)),
  );
}

const root = document.getElementById("root");
if (root !== null) createRoot(root).render(h(App));
