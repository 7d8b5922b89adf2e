import { connect } from "pushmesh/device";
import { onNotificationClick, showNotification } from "pushmesh/sw";

const { url, appId } = await (await fetch("/config")).json();
await navigator.serviceWorker.register("/sw.js", { type: "module" });
const push = await connect({ url, appId });
push.onMessage((message) => showNotification(message));
onNotificationClick(({ data }) => console.log("clicked", JSON.stringify(data)));

const allow = document.getElementById("allow");
allow.disabled = false;
allow.addEventListener("click", async () => {
  await Notification.requestPermission();
  document.getElementById("regid").textContent = await push.register();
});
