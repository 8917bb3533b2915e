import "./style.css"
import { render } from "preact"
import { connectAgain } from "./screens/app"
import { Page } from "./screens/page"

void connectAgain()
render(<Page />, document.getElementById("page")!)

// Makes the page available without a network after the first visit.
if ("serviceWorker" in navigator && window.isSecureContext)
    addEventListener("load", () => {
        navigator.serviceWorker.register("./offline.js").catch(() => undefined)
    })
