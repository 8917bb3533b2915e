import * as ds from "@devicescript/core"

// This fiber is always ready: the main loop's turn never ends.
console.log("starving")
while (ds.millis() < 3600000) await ds.sleep(0)
console.log("survived")
