import * as ds from "@devicescript/core"

// A fiber that is always ready: the main loop never turns.
console.log("starving")
while (ds.millis() < 3600000) await ds.sleep(0)
console.log("survived")
