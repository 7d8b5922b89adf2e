// Import maps do not reach workers. A bundler takes "pushmesh/sw".
import { handleNotifications } from "/sdk/sw.js";

handleNotifications({ icon: "/icon.png" });
