import * as ds from "@devicescript/core"

// Writes an empty value to the runtime's settings.
const settings = new ds.Settings()
await ds.sleep(1500)
await settings.set("kept", hex`01`)
await settings.get("kept")
await ds.sleep(100)
console.log("empty value next")
await settings.delete("kept")
await ds.sleep(500)
console.log("survived")
