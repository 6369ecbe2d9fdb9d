import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { listenForKeys } from "./app/keys";
import { applyPreferences } from "./app/prefs";
import { followAddress } from "./app/view";
import "./style/base.css";
import "./style/watch.css";

applyPreferences();
followAddress();
listenForKeys();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
